package driver

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
)

func TestSnapshotIsAPointInTimeThatOutlivesTheVolume(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 64*mib)
	target := w.publish(volume.VolumeId, "pod", false)
	w.write(target+"/file", "before")
	before := inode(t, target+"/file")
	snapshot := w.snap("snap", volume.VolumeId, nil)
	w.write(target+"/file", "after")
	w.write(target+"/new", "after")
	err := os.WriteFile(w.stores[0].Snapshots.Data(snapshot.SnapshotId)+"/file", nil, 0o600)
	if !errors.Is(err, unix.EROFS) {
		t.Errorf("write into the snapshot: %v", err)
	}

	if !snapshot.ReadyToUse || snapshot.SizeBytes != 64*mib || snapshot.SourceVolumeId != volume.VolumeId {
		t.Errorf("snapshot: %+v", snapshot)
	}
	_, err = w.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: volume.VolumeId})
	w.refused(err, codes.FailedPrecondition) // a pod uses it
	w.unpublish(volume.VolumeId, target)
	_, err = w.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: volume.VolumeId})
	w.must(err)

	restored := w.create("restored", 64*mib, fromSnapshot(snapshot.SnapshotId))
	target = w.publish(restored.VolumeId, "pod2", false)
	if got := w.read(target + "/file"); got != "before" {
		t.Errorf("the restored file says %q", got)
	}
	if _, err := os.Stat(target + "/new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that was made after the cut is there: %v", err)
	}
	// Holdfast recognises unchanged files by these.
	if after := inode(t, target+"/file"); after.Ino != before.Ino || after.Ctim != before.Ctim || after.Mtim != before.Mtim {
		t.Errorf("inode %d, ctime %v became %d, %v", before.Ino, before.Ctim, after.Ino, after.Ctim)
	}
}

func TestCloneIsIndependentOfItsSource(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 64*mib)
	target := w.publish(volume.VolumeId, "pod", false)
	w.write(target+"/file", "original")
	clone := w.create("clone", 96*mib, fromVolume(volume.VolumeId))
	cloned := w.publish(clone.VolumeId, "pod2", false)
	w.write(cloned+"/file", "changed")
	if got := w.read(target + "/file"); got != "original" || clone.CapacityBytes != 96*mib {
		t.Errorf("the source says %q, the clone has %d bytes", got, clone.CapacityBytes)
	}
	_, err := w.CreateVolume(t.Context(), request("small", 32*mib, fromVolume(volume.VolumeId)))
	w.refused(err, codes.OutOfRange)
	_, err = w.CreateVolume(t.Context(), request("other kind", 64*mib, fromVolume(volume.VolumeId), block))
	w.refused(err, codes.InvalidArgument)
}

func TestVolumeIsHeldToItsSizeAlsoWhenRestoredAndExpanded(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 32*mib)
	target := w.publish(volume.VolumeId, "pod", false)
	w.must(os.WriteFile(target+"/a", make([]byte, 20*mib), 0o600))
	w.full(target+"/b", 20*mib)

	restored := w.create("restored", 40*mib, fromSnapshot(w.snap("snap", volume.VolumeId, nil).SnapshotId))
	copied := w.publish(restored.VolumeId, "pod2", false)
	w.must(os.RemoveAll(copied + "/b"))
	w.full(copied+"/c", 30*mib) // 20 of its 40 MiB came with the snapshot

	_, err := w.ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{
		VolumeId: restored.VolumeId, CapacityRange: &csi.CapacityRange{RequiredBytes: 80 * mib},
	})
	w.must(err)
	w.must(os.WriteFile(copied+"/c", make([]byte, 30*mib), 0o600))
	stats, err := w.NodeGetVolumeStats(t.Context(), &csi.NodeGetVolumeStatsRequest{VolumeId: restored.VolumeId, VolumePath: copied})
	w.must(err)
	u := stats.Usage[0]
	if u.Total != 80*mib || u.Used < 50*mib || u.Used > 52*mib || u.Available != u.Total-u.Used {
		t.Errorf("usage: %+v", u)
	}
}

// full checks that a volume has no room for so much, and removes what was written.
func (w *world) full(path string, bytes int) {
	w.t.Helper()
	err := os.WriteFile(path, make([]byte, bytes), 0o600)
	if !errors.Is(err, unix.EDQUOT) && !errors.Is(err, unix.ENOSPC) {
		w.t.Fatalf("write %d bytes to %s: %v", bytes, filepath.Base(path), err)
	}
	w.must(os.Remove(path))
}

func inode(t *testing.T, path string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t)
}
