package driver

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

func TestServeRegistersReplacesStaleSocketsAndLogsNoSecrets(t *testing.T) {
	w := newWorld(t)
	dir, err := os.MkdirTemp("", "csi") // sockets have short paths
	w.must(err)
	defer os.RemoveAll(dir)
	socket, registry := filepath.Join(dir, "csi.sock"), filepath.Join(dir, w.config.Name+"-reg.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	w.must(err)
	stale.SetUnlinkOnClose(false) // as after a kill
	w.must(stale.Close())

	var log bytes.Buffer
	w.Driver.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() { stopped <- w.Serve(ctx, "unix://"+socket, dir) }()
	for !accepts(registry) {
		select {
		case err := <-stopped:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	info, err := registration.NewRegistrationClient(dial(t, registry)).GetInfo(ctx, &registration.InfoRequest{})
	w.must(err)
	if info.Type != "CSIPlugin" || info.Name != w.config.Name || info.Endpoint != socket {
		t.Errorf("registration: %+v", info)
	}
	_, err = csi.NewControllerClient(dial(t, socket)).CreateVolume(ctx, request("pvc", 64*mib, withTenant("hunter2")))
	w.must(err)
	_, err = csi.NewControllerClient(dial(t, socket)).CreateVolume(ctx, request("pvc", 64*mib, withTenant("mallory")))
	w.refused(err, codes.PermissionDenied)

	stop()
	w.must(<-stopped)
	for _, path := range []string{socket, registry} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left behind: %v", path, err)
		}
	}
	if strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), "mallory") {
		t.Error("the log has a secret in it")
	}
	if !strings.Contains(log.String(), "call=CreateVolume") || !strings.Contains(log.String(), "code=PermissionDenied name=pvc") {
		t.Errorf("the log does not tell of the calls:\n%s", log.String())
	}
}

func TestServeRefusesToReplaceAFile(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.dir, "file")
	w.write(path, "precious")
	if err := w.Serve(t.Context(), "unix://"+path, ""); err == nil || w.read(path) != "precious" {
		t.Errorf("Serve: %v, and the file says %q", err, w.read(path))
	}
}

func dial(t *testing.T, socket string) *grpc.ClientConn {
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}
