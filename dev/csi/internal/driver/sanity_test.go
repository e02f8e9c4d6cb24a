package driver

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubernetes-csi/csi-test/v5/pkg/sanity"
	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"google.golang.org/grpc"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/testpool"
)

// The framework under the suite runs once in a process, so that all variants of the driver share one run.
func TestSanity(t *testing.T) {
	dir := testpool.New(t, 4*gib)
	block := sanityConfig(t, dir, "b", true)
	block.TestVolumeAccessType = "block"
	for _, config := range []sanity.TestConfig{sanityConfig(t, dir, "s", true), sanityConfig(t, dir, "p", false), block} {
		defer sanity.GinkgoTest(&config).Finalize()
	}
	gomega.RegisterFailHandler(ginkgo.Fail)
	suite, reporter := ginkgo.GinkgoConfiguration()
	reporter.Succinct, reporter.NoColor = true, true
	ginkgo.RunSpecs(t, "CSI sanity", suite, reporter)
}

func sanityConfig(t *testing.T, dir, name string, snapshots bool) sanity.TestConfig {
	t.Helper()
	// Sockets have short paths.
	temp, err := os.MkdirTemp("", "csi")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	d, err := New(Config{
		Name: testpool.DriverName() + "." + name, Node: "node-1", Zone: "zone-a", Pools: map[string]string{"zone-a": dir},
		Capacity: 64 * gib, Quota: btrfs.Exact, Snapshots: snapshots, Version: "test",
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error)
	socket := filepath.Join(temp, "csi.sock")
	go func() { stopped <- d.Serve(ctx, "unix://"+socket, "") }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	for !accepts(socket) {
		time.Sleep(time.Millisecond)
	}
	config := sanity.NewTestConfig()
	// The suite's client waits for a change of state after it has begun to connect, and waits for ever if it is connected
	// by then. An address that is not of the unix scheme lets us bring a dialer that is slower than that.
	config.Address = "passthrough:///" + socket
	config.DialOptions = append(config.DialOptions, grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		time.Sleep(20 * time.Millisecond)
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}))
	config.TargetPath = filepath.Join(temp, "target")
	config.StagingPath = filepath.Join(temp, "staging")
	config.TestVolumeSize = 64 * mib
	config.TestVolumeExpandSize = 128 * mib
	config.IdempotentCount = 3
	return config
}

func accepts(socket string) bool {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}
