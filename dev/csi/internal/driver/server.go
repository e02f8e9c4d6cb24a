package driver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// Serve answers at an endpoint, and at the kubelet's registration directory if one is given, until the context ends.
// Calls that are under way then are finished.
func (d *Driver) Serve(ctx context.Context, endpoint, registrationDir string) error {
	socket, ok := strings.CutPrefix(endpoint, "unix://")
	if !ok || !filepath.IsAbs(socket) {
		return fmt.Errorf("the endpoint %q is not of the form unix:///path", endpoint)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(logCalls(d.log)))
	csi.RegisterIdentityServer(server, d)
	csi.RegisterControllerServer(server, d)
	if d.config.Snapshots {
		csi.RegisterGroupControllerServer(server, d)
	}
	csi.RegisterNodeServer(server, d)
	listener, err := listen(socket)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	defer server.GracefulStop()
	d.log.Info("serving", "driver", d.config.Name, "node", d.config.Node, "zone", d.config.Zone, "endpoint", endpoint)

	// Only now: the kubelet calls back as soon as it sees the registration socket.
	if registrationDir != "" {
		registry := grpc.NewServer()
		registration.RegisterRegistrationServer(registry, &registrar{driver: d, socket: socket})
		listener, err := listen(filepath.Join(registrationDir, d.config.Name+"-reg.sock"))
		if err != nil {
			return err
		}
		go func() { failed <- registry.Serve(listener) }()
		defer registry.GracefulStop()
	}
	select {
	case <-ctx.Done():
		d.log.Info("stopping")
		return nil
	case err := <-failed:
		return err
	}
}

// listen replaces the socket of an earlier process. The new one is removed when its server stops.
func listen(socket string) (net.Listener, error) {
	info, err := os.Lstat(socket)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSocket == 0:
		return nil, fmt.Errorf("%s exists and is no socket", socket)
	default:
		if err := os.Remove(socket); err != nil {
			return nil, err
		}
	}
	return net.Listen("unix", socket)
}
