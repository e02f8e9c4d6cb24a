package driver

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/loopdev"
	"holdfast.dev/holdfast/dev/csi/internal/mount"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// publishBlock gives the disk file of a volume a loop device and binds that to a file. Whether the pod may write is
// settled by the kubelet, which gives the container the device with or without that right; the
// device itself is one for all pods of the node.
func (d *Driver) publishBlock(s *pool.Store, v pool.Volume, request *csi.NodePublishVolumeRequest) error {
	target := request.GetTargetPath()
	device, err := loopdev.Attach(diskOf(s, v.ID), loopLabel(d.config.Name, v.ID))
	if err != nil {
		return err
	}
	if err := d.bindDevice(v, device, target, request); err != nil {
		// Only if this call attached it for nothing: other targets keep it.
		return errors.Join(err, d.detachUnused(s, v))
	}
	return nil
}

func (d *Driver) bindDevice(v pool.Volume, device, target string, request *csi.NodePublishVolumeRequest) error {
	// Enlarged while it was attached, but the node was never told.
	if err := loopdev.Resize(device); err != nil {
		return err
	}
	existing, err := mount.At(target)
	if err != nil {
		return err
	}
	if len(existing) > 0 {
		if !sameDevice(target, device) {
			return status.Errorf(codes.AlreadyExists, "something else is mounted at %s", target)
		}
		return nil
	}
	mounted, err := deviceMounts(device)
	if err != nil {
		return err
	}
	if err := checkSoleUse(v, request.GetVolumeCapability().GetAccessMode().GetMode(), target, mounted); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o660)
	if err != nil {
		return err
	}
	f.Close()
	return mount.Bind(device, target, 0)
}

// devices returns the loop devices of a block volume. There is one at most, unless someone interfered.
func (d *Driver) devices(s *pool.Store, v pool.Volume) ([]string, error) {
	devices, err := loopdev.Find(diskOf(s, v.ID), loopLabel(d.config.Name, v.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return devices, err
}

// detachUnused frees the loop device after its last use. The kubelet may have a loop device of its own on top of it;
// then the kernel frees ours when that goes.
func (d *Driver) detachUnused(s *pool.Store, v pool.Volume) error {
	devices, err := d.devices(s, v)
	for _, device := range devices {
		mounted, tableErr := deviceMounts(device)
		if err = errors.Join(err, tableErr); tableErr == nil && len(mounted) == 0 {
			err = errors.Join(err, loopdev.Detach(device))
		}
	}
	return err
}

// deviceMounts returns the targets that a device node is bound to.
func deviceMounts(device string) ([]string, error) {
	table, err := mount.Table()
	var targets []string
	for _, e := range table {
		if filepath.Base(e.Root) == filepath.Base(device) && sameDevice(e.Target, device) {
			targets = append(targets, e.Target)
		}
	}
	return targets, err
}
