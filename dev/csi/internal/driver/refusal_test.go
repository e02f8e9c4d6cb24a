package driver

import (
	"strings"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

func TestPoolPromisesNoMoreThanItHas(t *testing.T) {
	w := newWorld(t)
	other := w.config
	other.Name += ".plain"
	w.create("one", 6*gib)
	// The drivers of a cluster share the pool.
	_, err := w.start(other).CreateVolume(t.Context(), request("two", 6*gib))
	if message := w.refused(err, codes.ResourceExhausted); !strings.Contains(message, "zone-a has 4294967296 bytes left") {
		t.Errorf("message: %s", message)
	}
	capacity, err := w.GetCapacity(t.Context(), &csi.GetCapacityRequest{AccessibleTopology: topology("zone-a")})
	w.must(err)
	if capacity.AvailableCapacity != 4*gib {
		t.Errorf("available: %d", capacity.AvailableCapacity)
	}
	_, err = w.ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{
		VolumeId: w.create("three", 4*gib).VolumeId, CapacityRange: &csi.CapacityRange{RequiredBytes: 5 * gib},
	})
	w.refused(err, codes.OutOfRange)
}

func TestZones(t *testing.T) {
	w := newWorld(t, "zone-a", "zone-b")
	volume := w.create("pvc", 64*mib, in("zone-b"))
	if zone := volume.AccessibleTopology[0].Segments[ZoneKey]; zone != "zone-b" {
		t.Errorf("the volume is in %q", zone)
	}
	_, err := w.NodePublishVolume(t.Context(), w.publishRequest(volume.VolumeId, "pod", false)) // the node is in zone-a
	w.refused(err, codes.FailedPrecondition)
	_, err = w.CreateVolume(t.Context(), request("elsewhere", 64*mib, fromVolume(volume.VolumeId), in("zone-a")))
	w.refused(err, codes.ResourceExhausted)
	if clone := w.create("clone", 64*mib, fromVolume(volume.VolumeId)); clone.AccessibleTopology[0].Segments[ZoneKey] != "zone-b" {
		t.Errorf("the clone is not where its source is: %v", clone.AccessibleTopology)
	}
	_, err = w.CreateVolume(t.Context(), request("nowhere", 64*mib, in("zone-c")))
	w.refused(err, codes.ResourceExhausted)

	preferred := w.create("preferred", 64*mib, in("zone-a"), func(r *csi.CreateVolumeRequest) {
		r.AccessibilityRequirements.Preferred = []*csi.Topology{{Segments: map[string]string{wellKnownZoneKey: "zone-b"}}}
		r.AccessibilityRequirements.Requisite = append(r.AccessibilityRequirements.Requisite, topology("zone-b"))
	})
	if zone := preferred.AccessibleTopology[0].Segments[ZoneKey]; zone != "zone-b" {
		t.Errorf("the volume is in %q, not where it is preferred", zone)
	}
}

func TestSlowReadinessSurvivesARestart(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 64*mib)
	slow := map[string]string{readyAfter: "30"}
	cut := time.Now()
	snapshot := w.snap("snap", volume.VolumeId, slow)
	if snapshot.ReadyToUse || snapshot.CreationTime.AsTime().Sub(cut).Abs() > 5*time.Second {
		t.Fatalf("snapshot: %+v", snapshot)
	}
	_, err := w.CreateVolume(t.Context(), request("early", 64*mib, fromSnapshot(snapshot.SnapshotId)))
	w.refused(err, codes.FailedPrecondition)
	w.restart()
	w.skew = 20 * time.Second
	if again := w.snap("snap", volume.VolumeId, slow); again.ReadyToUse || !again.CreationTime.AsTime().Equal(snapshot.CreationTime.AsTime()) {
		t.Errorf("after 20 s: %+v", again)
	}
	w.skew = 31 * time.Second
	if !w.snap("snap", volume.VolumeId, slow).ReadyToUse {
		t.Error("the snapshot does not become ready")
	}
	w.create("restored", 64*mib, fromSnapshot(snapshot.SnapshotId))
}

func TestTenantsAreKeptApart(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.CreateVolume(ctx, request("pvc", 64*mib, withTenant("")))
	w.refused(err, codes.Unauthenticated)
	volume := w.create("pvc", 64*mib, withTenant("hunter2"))
	snapshot := func(tenant string) (*csi.CreateSnapshotResponse, error) {
		return w.CreateSnapshot(ctx, &csi.CreateSnapshotRequest{
			Name: "snap", SourceVolumeId: volume.VolumeId, Secrets: secrets(tenant),
		})
	}
	_, err = snapshot("")
	w.refused(err, codes.Unauthenticated)
	_, err = snapshot("mallory")
	w.refused(err, codes.PermissionDenied)
	cut, err := snapshot("hunter2")
	w.must(err)

	restore := func(tenant string) error {
		_, err := w.CreateVolume(ctx, request("restored", 64*mib, withTenant(tenant), fromSnapshot(cut.Snapshot.SnapshotId)))
		return err
	}
	message := w.refused(restore("mallory"), codes.PermissionDenied)
	if strings.Contains(message, "hunter2") || strings.Contains(message, "mallory") {
		t.Errorf("the message has a secret in it: %s", message)
	}
	// A class without tenants is no way around.
	_, err = w.CreateVolume(ctx, request("restored", 64*mib, fromSnapshot(cut.Snapshot.SnapshotId)))
	w.refused(err, codes.Unauthenticated)
	w.must(restore("hunter2"))

	remove := func(tenant string) error {
		_, err := w.DeleteVolume(ctx, &csi.DeleteVolumeRequest{VolumeId: volume.VolumeId, Secrets: secrets(tenant)})
		return err
	}
	w.refused(remove(""), codes.Unauthenticated)
	w.refused(remove("mallory"), codes.PermissionDenied)
	w.must(remove("hunter2"))
	_, err = w.DeleteSnapshot(ctx, &csi.DeleteSnapshotRequest{SnapshotId: cut.Snapshot.SnapshotId, Secrets: secrets("mallory")})
	w.refused(err, codes.PermissionDenied)
	if record := w.read(w.stores[0].Snapshots.Data(cut.Snapshot.SnapshotId) + "/../meta.json"); strings.Contains(record, "hunter2") {
		t.Errorf("the record has the secret in it: %s", record)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 64*mib).VolumeId
	with := func(change func(*csi.CreateVolumeRequest)) error {
		_, err := w.CreateVolume(t.Context(), request("bad", 64*mib, change))
		return err
	}
	w.refused(with(func(r *csi.CreateVolumeRequest) { r.Parameters = map[string]string{"redyAfterSeconds": "1"} }), codes.InvalidArgument)
	w.refused(with(func(r *csi.CreateVolumeRequest) {
		r.VolumeCapabilities[0].AccessMode.Mode = csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER
	}), codes.InvalidArgument)
	w.refused(with(func(r *csi.CreateVolumeRequest) { r.VolumeCapabilities[0].GetMount().FsType = "ext4" }), codes.InvalidArgument)
	w.refused(with(func(r *csi.CreateVolumeRequest) { r.CapacityRange.LimitBytes = mib }), codes.OutOfRange)
	w.refused(with(fromSnapshot("s-0123456789abcdef")), codes.NotFound)
	for _, id := range []string{"../../etc", "v-0123456789abcde/", "v-0123456789abcdeG", volume + "/.."} {
		_, err := w.NodePublishVolume(t.Context(), w.publishRequest(id, "pod", false))
		w.refused(err, codes.NotFound)
		_, err = w.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: id})
		w.must(err) // what cannot exist is gone
	}
	// A record that an id with a path in it would reach.
	w.must(w.stores[0].Volumes.Put("../outside", pool.Volume{ID: "../outside", State: pool.Ready, Size: mib}))
	_, err := w.NodeGetVolumeStats(t.Context(), &csi.NodeGetVolumeStatsRequest{VolumeId: "../outside", VolumePath: w.dir})
	if message := w.refused(err, codes.NotFound); !strings.Contains(message, "there is no volume") {
		t.Errorf("message: %s", message)
	}
	for _, target := range []string{"relative", "/a/../b", "/"} {
		r := w.publishRequest(volume, "pod", false)
		r.TargetPath = target
		_, err := w.NodePublishVolume(t.Context(), r)
		w.refused(err, codes.InvalidArgument)
	}
	_, err = w.CreateSnapshot(t.Context(), &csi.CreateSnapshotRequest{
		Name: "snap", SourceVolumeId: volume, Parameters: map[string]string{readyAfter: "soon"},
	})
	w.refused(err, codes.InvalidArgument)
}

func TestDriverWithoutSnapshotsHasNone(t *testing.T) {
	w := newWorld(t)
	w.config.Snapshots = false
	w.restart()
	volume := w.create("pvc", 64*mib)
	_, err := w.CreateSnapshot(t.Context(), &csi.CreateSnapshotRequest{Name: "snap", SourceVolumeId: volume.VolumeId})
	w.refused(err, codes.Unimplemented)
	_, err = w.CreateVolume(t.Context(), request("clone", 64*mib, fromVolume(volume.VolumeId)))
	w.refused(err, codes.InvalidArgument)
}
