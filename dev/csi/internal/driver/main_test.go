package driver

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/testpool"
)

func TestMain(m *testing.M) { testpool.Main(m) }

const (
	mib = 1 << 20
	gib = 1 << 30
)

// world is a driver over real pools, with a clock that the test moves.
type world struct {
	*Driver
	t      *testing.T
	config Config
	dir    string // for targets
	skew   time.Duration
}

func newWorld(t *testing.T, zones ...string) *world {
	t.Helper()
	if len(zones) == 0 {
		zones = []string{"zone-a"}
	}
	w := &world{t: t, config: Config{
		Name: testpool.DriverName(), Node: "node-1", Zone: zones[0], Pools: map[string]string{},
		Capacity: 10 * gib, Quota: btrfs.Exact, Snapshots: true, Version: "test",
	}}
	for _, zone := range zones {
		w.config.Pools[zone] = testpool.New(t, 2*gib)
	}
	w.dir = t.TempDir()
	w.restart()
	return w
}

// restart starts the driver anew over the same pools, as after a kill.
func (w *world) restart() { w.Driver = w.start(w.config) }

func (w *world) start(config Config) *Driver {
	w.t.Helper()
	d, err := New(config, slog.New(slog.NewTextHandler(io.Discard, nil)))
	w.must(err)
	d.now = func() time.Time { return time.Now().Add(w.skew) }
	return d
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused checks that a call ended with a code, and returns the message.
func (w *world) refused(err error, code codes.Code) string {
	w.t.Helper()
	if status.Code(err) != code {
		w.t.Fatalf("the call ended with %v, not %s", err, code)
	}
	return status.Convert(err).Message()
}

func capability(block bool) *csi.VolumeCapability {
	c := &csi.VolumeCapability{AccessMode: &csi.VolumeCapability_AccessMode{Mode: csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER}}
	if block {
		c.AccessType = &csi.VolumeCapability_Block{Block: &csi.VolumeCapability_BlockVolume{}}
	} else {
		c.AccessType = &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{}}
	}
	return c
}

func request(name string, size int64, changes ...func(*csi.CreateVolumeRequest)) *csi.CreateVolumeRequest {
	r := &csi.CreateVolumeRequest{
		Name: name, CapacityRange: &csi.CapacityRange{RequiredBytes: size}, VolumeCapabilities: []*csi.VolumeCapability{capability(false)},
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

func block(r *csi.CreateVolumeRequest) {
	r.VolumeCapabilities = []*csi.VolumeCapability{capability(true)}
}

func in(zone string) func(*csi.CreateVolumeRequest) {
	return func(r *csi.CreateVolumeRequest) {
		r.AccessibilityRequirements = &csi.TopologyRequirement{Requisite: []*csi.Topology{topology(zone)}}
	}
}

func fromSnapshot(id string) func(*csi.CreateVolumeRequest) {
	return func(r *csi.CreateVolumeRequest) {
		r.VolumeContentSource = &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Snapshot{
			Snapshot: &csi.VolumeContentSource_SnapshotSource{SnapshotId: id},
		}}
	}
}

func fromVolume(id string) func(*csi.CreateVolumeRequest) {
	return func(r *csi.CreateVolumeRequest) {
		r.VolumeContentSource = &csi.VolumeContentSource{Type: &csi.VolumeContentSource_Volume{
			Volume: &csi.VolumeContentSource_VolumeSource{VolumeId: id},
		}}
	}
}

func withTenant(tenant string) func(*csi.CreateVolumeRequest) {
	return func(r *csi.CreateVolumeRequest) {
		r.Parameters = map[string]string{tenantSecret: "required"}
		r.Secrets = secrets(tenant)
	}
}

func secrets(tenant string) map[string]string {
	if tenant == "" {
		return nil
	}
	return map[string]string{tenantKey: tenant}
}

func (w *world) create(name string, size int64, changes ...func(*csi.CreateVolumeRequest)) *csi.Volume {
	w.t.Helper()
	response, err := w.CreateVolume(w.t.Context(), request(name, size, changes...))
	w.must(err)
	return response.Volume
}

func (w *world) snap(name, volume string, parameters map[string]string) *csi.Snapshot {
	w.t.Helper()
	response, err := w.CreateSnapshot(w.t.Context(), &csi.CreateSnapshotRequest{Name: name, SourceVolumeId: volume, Parameters: parameters})
	w.must(err)
	return response.Snapshot
}

func (w *world) publishRequest(volume, name string, isBlock bool) *csi.NodePublishVolumeRequest {
	return &csi.NodePublishVolumeRequest{VolumeId: volume, TargetPath: filepath.Join(w.dir, name), VolumeCapability: capability(isBlock)}
}

// publish returns the target. It is unpublished at the end of the test if it is still there.
func (w *world) publish(volume, name string, isBlock bool) string {
	w.t.Helper()
	r := w.publishRequest(volume, name, isBlock)
	_, err := w.NodePublishVolume(w.t.Context(), r)
	w.must(err)
	w.t.Cleanup(func() { w.unpublish(volume, r.TargetPath) })
	return r.TargetPath
}

func (w *world) unpublish(volume, target string) {
	w.t.Helper()
	// Not the context of the test, which has ended when this is a clean-up.
	_, err := w.NodeUnpublishVolume(context.Background(), &csi.NodeUnpublishVolumeRequest{VolumeId: volume, TargetPath: target})
	w.must(err)
}

func (w *world) write(path, content string) {
	w.t.Helper()
	w.must(os.WriteFile(path, []byte(content), 0o600))
}

func (w *world) read(path string) string {
	w.t.Helper()
	content, err := os.ReadFile(path)
	w.must(err)
	return string(content)
}
