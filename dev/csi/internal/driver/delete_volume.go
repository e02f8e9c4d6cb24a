package driver

import (
	"context"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/loopdev"
	"holdfast.dev/holdfast/dev/csi/internal/mount"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// DeleteVolume leaves the snapshots of the volume as they are: on btrfs they do not need it.
func (d *Driver) DeleteVolume(_ context.Context, request *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	id := request.GetVolumeId()
	if id == "" {
		return nil, invalid("the volume id is missing")
	}
	if !pool.ValidID(id) {
		return &csi.DeleteVolumeResponse{}, nil // it cannot exist, which is what is asked for
	}
	unlock, err := d.lock(id)
	if err != nil {
		return nil, internal("lock the volume", err)
	}
	defer unlock()
	store, volume, ok, err := find(d, id, volumesOf)
	if err != nil || !ok {
		return &csi.DeleteVolumeResponse{}, err
	}
	if err := checkTenant(volume.Tenant, request.GetSecrets(), "the volume "+id); err != nil {
		return nil, err
	}
	use, err := d.use(store, volume)
	if err != nil {
		return nil, internal("see whether the volume is in use", err)
	}
	if use != "" {
		return nil, status.Errorf(codes.FailedPrecondition, "the volume %s is in use at %s", id, use)
	}
	return &csi.DeleteVolumeResponse{}, internal("delete the volume", store.Volumes.Discard(id))
}

// use returns a place where a volume is published, or "". All nodes share one mount namespace, so that this sees
// the pods of other nodes as well.
func (d *Driver) use(s *pool.Store, v pool.Volume) (string, error) {
	if v.Block {
		devices, err := loopdev.Find(diskOf(s, v.ID), loopLabel(d.config.Name, v.ID))
		if err != nil || len(devices) == 0 {
			return "", err
		}
		return devices[0], nil
	}
	targets, err := d.mountsOf(s, v)
	if err != nil || len(targets) == 0 {
		return "", err
	}
	return targets[0], nil
}

// mountsOf returns where the subvolume of a volume is mounted.
func (d *Driver) mountsOf(s *pool.Store, v pool.Volume) ([]string, error) {
	table, err := mount.Table()
	data := s.Volumes.Data(v.ID)
	inside := "/holdfast-dev/" + d.config.Name + "/volumes/" + v.ID + "/data"
	var targets []string
	for _, e := range table {
		// The path in the file system spares us to look at every mount of the machine, some of which may hang. It does not
		// suffice: a volume of another cluster can have the same.
		if strings.HasSuffix(e.Root, inside) && sameFile(e.Target, data) {
			targets = append(targets, e.Target)
		}
	}
	return targets, err
}
