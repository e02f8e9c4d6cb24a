package driver

import (
	"fmt"
	"slices"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
)

func TestListsPageThroughAllPoolsWhileItemsGo(t *testing.T) {
	w := newWorld(t, "zone-a", "zone-b")
	var made []string
	for i := range 5 {
		volume := w.create(fmt.Sprint("pvc-", i), 64*mib, in([]string{"zone-a", "zone-b"}[i%2]))
		made = append(made, volume.VolumeId)
	}
	slices.Sort(made)
	var seen []string
	for token := ""; ; {
		page, err := w.ListVolumes(t.Context(), &csi.ListVolumesRequest{MaxEntries: 2, StartingToken: token})
		w.must(err)
		for _, e := range page.Entries {
			seen = append(seen, e.Volume.VolumeId)
		}
		if token = page.NextToken; token == "" {
			break
		}
		// The last one of a page goes, and the next page is still right.
		_, err = w.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: token})
		w.must(err)
	}
	if !slices.Equal(seen, made) {
		t.Errorf("pages show %v of %v", seen, made)
	}
	_, err := w.ListVolumes(t.Context(), &csi.ListVolumesRequest{StartingToken: "7"})
	w.refused(err, codes.Aborted)
}

func TestListSnapshotsFilters(t *testing.T) {
	w := newWorld(t)
	a, b := w.create("a", 64*mib).VolumeId, w.create("b", 64*mib).VolumeId
	snapA := w.snap("snap a", a, nil).SnapshotId
	w.snap("snap b", b, nil)
	for _, request := range []*csi.ListSnapshotsRequest{{SnapshotId: snapA}, {SourceVolumeId: a}} {
		list, err := w.ListSnapshots(t.Context(), request)
		w.must(err)
		if len(list.Entries) != 1 || list.Entries[0].Snapshot.SnapshotId != snapA {
			t.Errorf("%v lists %v", request, list.Entries)
		}
	}
}
