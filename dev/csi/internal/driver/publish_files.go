package driver

import (
	"os"
	"slices"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/mount"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// publishFiles binds the subvolume of a volume to a directory.
func (d *Driver) publishFiles(s *pool.Store, v pool.Volume, request *csi.NodePublishVolumeRequest) error {
	target := request.GetTargetPath()
	flags := bindFlags(request)
	existing, err := mount.At(target)
	if err != nil {
		return err
	}
	if len(existing) > 0 {
		wantReadOnly := flags&unix.MS_RDONLY != 0
		if !sameFile(target, s.Volumes.Data(v.ID)) || existing[0].ReadOnly != wantReadOnly {
			return status.Errorf(codes.AlreadyExists, "something else, or the same with other options, is mounted at %s", target)
		}
		return nil
	}
	mounted, err := d.mountsOf(s, v)
	if err != nil {
		return err
	}
	if err := checkSoleUse(v, request.GetVolumeCapability().GetAccessMode().GetMode(), target, mounted); err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o750); err != nil {
		return err
	}
	return mount.Bind(s.Volumes.Data(v.ID), target, flags)
}

func bindFlags(request *csi.NodePublishVolumeRequest) uintptr {
	var flags uintptr
	for _, option := range request.GetVolumeCapability().GetMount().GetMountFlags() {
		flags |= mount.Options[option]
	}
	if request.GetReadonly() || readOnlyMode[request.GetVolumeCapability().GetAccessMode().GetMode()] {
		flags |= unix.MS_RDONLY
	}
	return flags
}

// unpublish is complete when the target is gone and no loop device without a user is left, also if a process was
// killed between the two.
func (d *Driver) unpublish(s *pool.Store, v pool.Volume, target string) error {
	if err := mount.Unmount(target); err != nil {
		return err
	}
	if !v.Block {
		return nil
	}
	return d.detachUnused(s, v)
}

// published says whether a path is where the volume is mounted. Inode numbers alone would not do: the roots of
// all subvolumes have the same.
func (d *Driver) published(s *pool.Store, v pool.Volume, path string) (bool, error) {
	if !v.Block {
		return sameFile(path, s.Volumes.Data(v.ID)), nil
	}
	devices, err := d.devices(s, v)
	return slices.ContainsFunc(devices, func(device string) bool { return sameDevice(path, device) }), err
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func sameDevice(a, b string) bool {
	var statA, statB unix.Stat_t
	if unix.Stat(a, &statA) != nil || unix.Stat(b, &statB) != nil {
		return false
	}
	return statA.Mode&unix.S_IFMT == unix.S_IFBLK && statB.Mode&unix.S_IFMT == unix.S_IFBLK && statA.Rdev == statB.Rdev
}

// loopLabel marks a loop device so that whoever cleans up after a killed cluster recognises it.
func loopLabel(driver, volume string) string {
	return strings.Join([]string{"holdfast-dev", driver, volume}, ":")
}
