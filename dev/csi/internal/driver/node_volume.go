package driver

import (
	"context"
	"errors"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/loopdev"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// NodeGetVolumeStats reports the quota's figures, not the pool's, which df shows in a pod. There are none of inodes:
// btrfs makes them as needed and does not count them.
func (d *Driver) NodeGetVolumeStats(_ context.Context, request *csi.NodeGetVolumeStatsRequest) (*csi.NodeGetVolumeStatsResponse, error) {
	if request.GetVolumePath() == "" {
		return nil, invalid("the volume path is missing")
	}
	store, volume, err := d.volume(request.GetVolumeId())
	if err != nil {
		return nil, err
	}
	here, err := d.published(store, volume, request.GetVolumePath())
	if err != nil {
		return nil, internal("look for the volume", err)
	}
	if !here {
		return nil, status.Errorf(codes.NotFound, "the volume %s is not at %s", volume.ID, request.GetVolumePath())
	}
	usage := &csi.VolumeUsage{Unit: csi.VolumeUsage_BYTES, Total: volume.Size}
	if !volume.Block {
		if usage, err = fileUsage(store, volume); err != nil {
			return nil, internal("read the usage of the volume", err)
		}
	}
	return &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{usage}}, nil
}

func fileUsage(s *pool.Store, v pool.Volume) (*csi.VolumeUsage, error) {
	usage, err := btrfs.ReadUsage(s.Volumes.Data(v.ID))
	if errors.Is(err, btrfs.ErrNoQuota) {
		// The pool's figures are what its volumes share then.
		var stat unix.Statfs_t
		err := unix.Statfs(s.Volumes.Data(v.ID), &stat)
		total, free := int64(stat.Blocks)*stat.Bsize, int64(stat.Bavail)*stat.Bsize
		return &csi.VolumeUsage{Unit: csi.VolumeUsage_BYTES, Total: total, Available: free, Used: total - free}, err
	}
	return &csi.VolumeUsage{
		Unit: csi.VolumeUsage_BYTES, Total: v.Size, Used: usage.Used, Available: max(0, v.Size-usage.Used),
	}, err
}

// NodeExpandVolume tells the loop device of a block volume that its file has grown. The path is not compared: the
// device is the same for all targets.
func (d *Driver) NodeExpandVolume(_ context.Context, request *csi.NodeExpandVolumeRequest) (*csi.NodeExpandVolumeResponse, error) {
	if request.GetVolumePath() == "" {
		return nil, invalid("the volume path is missing")
	}
	store, volume, err := d.volume(request.GetVolumeId())
	if err != nil {
		return nil, err
	}
	if required := request.GetCapacityRange().GetRequiredBytes(); required > volume.Size {
		return nil, status.Errorf(codes.OutOfRange, "the volume %s has %d bytes and not the required %d: the controller must expand it first",
			volume.ID, volume.Size, required)
	}
	if volume.Block {
		devices, err := d.devices(store, volume)
		for _, device := range devices {
			err = errors.Join(err, loopdev.Resize(device))
		}
		if err != nil {
			return nil, internal("enlarge the device", err)
		}
	}
	return &csi.NodeExpandVolumeResponse{CapacityBytes: volume.Size}, nil
}
