package driver

import (
	"slices"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
)

func (w *world) groupOf(parameters map[string]string, volumes ...string) (*csi.VolumeGroupSnapshot, error) {
	response, err := w.CreateVolumeGroupSnapshot(w.t.Context(), &csi.CreateVolumeGroupSnapshotRequest{
		Name: "group", SourceVolumeIds: volumes, Parameters: parameters,
	})
	return response.GetGroupSnapshot(), err
}

func (w *world) mustGroup(volumes ...string) *csi.VolumeGroupSnapshot {
	w.t.Helper()
	group, err := w.groupOf(nil, volumes...)
	w.must(err)
	return group
}

func TestGroupSnapshotHasAllMembersOfOneMoment(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	a, b := w.create("a", 64*mib).VolumeId, w.create("b", 8*mib, block).VolumeId
	target, device := w.publish(a, "pod", false), w.publish(b, "device", true)
	w.write(target+"/file", "a")
	w.poke(device, "before")

	slow := map[string]string{readyAfter: "20"}
	group, err := w.groupOf(slow, b, a)
	w.must(err)
	w.write(target+"/file", "later")
	if len(group.Snapshots) != 2 || group.ReadyToUse {
		t.Fatalf("group: %+v", group)
	}
	var ids []string
	for _, s := range group.Snapshots {
		ids = append(ids, s.SnapshotId)
		if s.GroupSnapshotId != group.GroupSnapshotId || s.ReadyToUse || !s.CreationTime.AsTime().Equal(group.CreationTime.AsTime()) {
			t.Errorf("member: %+v of group %+v", s, group)
		}
		_, err := w.DeleteSnapshot(ctx, &csi.DeleteSnapshotRequest{SnapshotId: s.SnapshotId})
		w.refused(err, codes.InvalidArgument)
	}
	w.restart()
	w.skew = 21 * time.Second
	again, err := w.groupOf(slow, a, b)
	w.must(err)
	if !again.ReadyToUse || again.GroupSnapshotId != group.GroupSnapshotId {
		t.Errorf("asked again: %+v", again)
	}
	_, err = w.groupOf(nil, a)
	w.refused(err, codes.AlreadyExists)

	i := slices.IndexFunc(group.Snapshots, func(s *csi.Snapshot) bool { return s.SourceVolumeId == a })
	restored := w.create("restored", 64*mib, fromSnapshot(ids[i]))
	if got := w.read(w.publish(restored.VolumeId, "pod2", false) + "/file"); got != "a" {
		t.Errorf("the restored file says %q", got)
	}

	_, err = w.DeleteVolumeGroupSnapshot(ctx, &csi.DeleteVolumeGroupSnapshotRequest{GroupSnapshotId: group.GroupSnapshotId, SnapshotIds: ids[:1]})
	w.refused(err, codes.InvalidArgument)
	for range 2 {
		_, err = w.DeleteVolumeGroupSnapshot(ctx, &csi.DeleteVolumeGroupSnapshotRequest{GroupSnapshotId: group.GroupSnapshotId, SnapshotIds: ids})
		w.must(err)
	}
	list, err := w.ListSnapshots(ctx, &csi.ListSnapshotsRequest{})
	w.must(err)
	if len(list.Entries) != 0 {
		t.Errorf("left: %v", list.Entries)
	}
}

func TestGroupSnapshotAcrossZonesIsRefused(t *testing.T) {
	w := newWorld(t, "zone-a", "zone-b")
	_, err := w.groupOf(nil, w.create("a", 64*mib, in("zone-a")).VolumeId, w.create("b", 64*mib, in("zone-b")).VolumeId)
	w.refused(err, codes.FailedPrecondition)
}

func TestGroupSnapshotOfAnotherTenantIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.groupOf(nil, w.create("a", 64*mib).VolumeId, w.create("b", 64*mib, withTenant("x")).VolumeId)
	w.refused(err, codes.Unauthenticated)
}
