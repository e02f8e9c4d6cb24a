package driver

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	"holdfast.dev/holdfast/dev/csi/internal/loopdev"
)

func TestBlockVolumeKeepsItsContentAndFreesItsDevice(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 8*mib, block)
	target := w.publish(volume.VolumeId, "device", true)
	second := w.publish(volume.VolumeId, "device2", true)
	w.restart() // while pods use it
	if devices := w.attached(volume.VolumeId); len(devices) != 1 {
		t.Fatalf("attached: %v, not one device for both targets", devices)
	}
	w.poke(target, "before")
	snapshot := w.snap("snap", volume.VolumeId, nil)
	w.poke(target, "later!")

	restored := w.create("restored", 12*mib, block, fromSnapshot(snapshot.SnapshotId))
	copied := w.publish(restored.VolumeId, "restored", true)
	if content, size := peek(t, copied); content != "before" || size != 12*mib {
		t.Errorf("the restored device has %d bytes and says %q", size, content)
	}

	expanded, err := w.ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{
		VolumeId: volume.VolumeId, CapacityRange: &csi.CapacityRange{RequiredBytes: 16 * mib},
	})
	w.must(err)
	if !expanded.NodeExpansionRequired {
		t.Error("the node is not asked to enlarge the device")
	}
	_, err = w.NodeExpandVolume(t.Context(), &csi.NodeExpandVolumeRequest{VolumeId: volume.VolumeId, VolumePath: target})
	w.must(err)
	if content, size := peek(t, second); content != "later!" || size != 16*mib {
		t.Errorf("the expanded device has %d bytes and says %q", size, content)
	}

	w.unpublish(volume.VolumeId, target)
	if len(w.attached(volume.VolumeId)) != 1 {
		t.Error("the device is gone while a pod uses it")
	}
	_, err = w.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: volume.VolumeId})
	w.refused(err, codes.FailedPrecondition)
	for range 2 {
		w.unpublish(volume.VolumeId, second)
	}
	if devices := w.attached(volume.VolumeId); len(devices) != 0 {
		t.Errorf("left behind: %v", devices)
	}
	_, err = w.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: volume.VolumeId})
	w.must(err)
}

// Two clusters on one machine have volumes with the same names, drivers and ids.
func TestVolumesOfTwoClustersAreToldApart(t *testing.T) {
	one, other := newWorld(t), newWorld(t)
	for name, isBlock := range map[string]bool{"files": false, "disk": true} {
		change := func(r *csi.CreateVolumeRequest) {
			if isBlock {
				block(r)
			}
		}
		id := one.create(name, 8*mib, change).VolumeId
		if id != other.create(name, 8*mib, change).VolumeId {
			t.Fatal("the test is pointless: the ids differ")
		}
		target := one.publish(id, name, isBlock)
		if isBlock {
			one.poke(target, "mine!!")
			if content, _ := peek(t, other.publish(id, name, isBlock)); content == "mine!!" {
				t.Error("the device is of the other cluster's volume")
			}
			other.unpublish(id, filepath.Join(other.dir, name))
		}
		_, err := other.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: id})
		other.must(err) // it is in use only in the one cluster
	}
}

// The process can be killed after the unmount and before the device is freed.
func TestUnpublishFreesADeviceWhoseTargetIsGone(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 8*mib, block)
	target := w.publish(volume.VolumeId, "device", true)
	w.must(unix.Unmount(target, 0))
	w.must(os.Remove(target))
	w.unpublish(volume.VolumeId, target)
	if devices := w.attached(volume.VolumeId); len(devices) != 0 {
		t.Errorf("left behind: %v", devices)
	}
}

// The kubelet attaches a device of its own to the one that we publish, and lets go of it after us.
func TestDeviceUnderAnotherDeviceIsFreedWithIt(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 8*mib, block)
	target := w.publish(volume.VolumeId, "device", true)
	upper, err := loopdev.Attach(w.attached(volume.VolumeId)[0], "holdfast-dev:"+w.config.Name+".upper:x")
	w.must(err)
	w.unpublish(volume.VolumeId, target)
	w.must(loopdev.Detach(upper))
	if devices := w.attached(volume.VolumeId); len(devices) != 0 {
		t.Errorf("left behind: %v", devices)
	}
}

func TestReadOnlyAndSoleUse(t *testing.T) {
	w := newWorld(t)
	volume := w.create("pvc", 64*mib).VolumeId
	target := w.publish(volume, "writer", false)
	w.write(target+"/file", "x")

	reader := w.publishRequest(volume, "reader", false)
	reader.Readonly = true
	for range 2 {
		_, err := w.NodePublishVolume(t.Context(), reader)
		w.must(err)
	}
	defer w.unpublish(volume, reader.TargetPath)
	if err := os.WriteFile(reader.TargetPath+"/file", nil, 0o600); !errors.Is(err, unix.EROFS) {
		t.Errorf("write to a read-only mount: %v", err)
	}
	reader.Readonly = false
	_, err := w.NodePublishVolume(t.Context(), reader)
	w.refused(err, codes.AlreadyExists)

	sole := w.publishRequest(volume, "sole", false)
	sole.VolumeCapability.AccessMode.Mode = csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER
	_, err = w.NodePublishVolume(t.Context(), sole)
	w.refused(err, codes.FailedPrecondition)
}

func (w *world) attached(volume string) []string {
	w.t.Helper()
	devices, err := loopdev.List(loopLabel(w.config.Name, volume))
	w.must(err)
	var paths []string
	for _, d := range devices {
		paths = append(paths, d.Path)
	}
	return paths
}

// poke writes to the start of a device and waits until the storage has it.
func (w *world) poke(path, content string) {
	w.t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	w.must(err)
	_, err = f.WriteString(content)
	w.must(errors.Join(err, f.Sync(), f.Close()))
}

func peek(t *testing.T, path string) (content string, size int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buffer := make([]byte, 6)
	if _, err := f.Read(buffer); err != nil {
		t.Fatal(err)
	}
	size, err = f.Seek(0, 2)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer), size
}
