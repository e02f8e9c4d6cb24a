package driver

import (
	"context"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/mount"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

func (d *Driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.config.Node, AccessibleTopology: topology(d.config.Zone)}, nil
}

func (d *Driver) NodePublishVolume(_ context.Context, request *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	if request.GetVolumeId() == "" {
		return nil, invalid("the volume id is missing")
	}
	if err := checkTarget(request.GetTargetPath()); err != nil {
		return nil, err
	}
	if request.GetVolumeCapability() == nil {
		return nil, invalid("the volume capability is missing")
	}
	if err := checkCapability(request.GetVolumeCapability()); err != nil {
		return nil, err
	}
	unlock, err := d.lock(request.GetVolumeId())
	if err != nil {
		return nil, internal("lock the volume", err)
	}
	defer unlock()
	store, volume, err := d.volume(request.GetVolumeId())
	if err != nil {
		return nil, err
	}
	if store.Zone != d.config.Zone {
		return nil, status.Errorf(codes.FailedPrecondition, "the volume %s is in zone %s and cannot be reached from the node %s in zone %s",
			volume.ID, store.Zone, d.config.Node, d.config.Zone)
	}
	if block := request.GetVolumeCapability().GetBlock() != nil; block != volume.Block {
		return nil, invalid("the volume %s is of the other kind (block or file system)", volume.ID)
	}
	if volume.Block {
		err = d.publishBlock(store, volume, request)
	} else {
		err = d.publishFiles(store, volume, request)
	}
	return &csi.NodePublishVolumeResponse{}, internal("publish the volume", err)
}

func (d *Driver) NodeUnpublishVolume(_ context.Context, request *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	id, target := request.GetVolumeId(), request.GetTargetPath()
	if id == "" {
		return nil, invalid("the volume id is missing")
	}
	if err := checkTarget(target); err != nil {
		return nil, err
	}
	unlock, err := d.lock(id)
	if err != nil {
		return nil, internal("lock the volume", err)
	}
	defer unlock()
	store, volume, ok, err := find(d, id, volumesOf)
	if err != nil {
		return nil, err
	}
	if ok {
		err = d.unpublish(store, volume, target)
	} else {
		// Somebody removed the volume by hand. A pod must not hang in Terminating for that.
		err = mount.Unmount(target)
	}
	return &csi.NodeUnpublishVolumeResponse{}, internal("unpublish the volume", err)
}

// checkTarget accepts only paths that mean the same to everybody.
func checkTarget(target string) error {
	if target == "" {
		return invalid("the target path is missing")
	}
	if !filepath.IsAbs(target) || filepath.Clean(target) != target || target == "/" {
		return invalid("the target path %q is not a clean absolute path", target)
	}
	return nil
}

// checkSoleUse holds up the promise of ReadWriteOncePod: one target and no other.
func checkSoleUse(v pool.Volume, mode accessMode, target string, mounted []string) error {
	if mode != csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER {
		return nil
	}
	for _, m := range mounted {
		if m != target {
			return status.Errorf(codes.FailedPrecondition, "the volume %s is in use at %s and may only be used once", v.ID, m)
		}
	}
	return nil
}
