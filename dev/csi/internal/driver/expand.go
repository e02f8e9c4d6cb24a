package driver

import (
	"context"
	"errors"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// ControllerExpandVolume enlarges a volume, in use or not. A file system has its new size at once; the loop device
// of a block volume has to be told, on the node.
func (d *Driver) ControllerExpandVolume(_ context.Context, request *csi.ControllerExpandVolumeRequest) (*csi.ControllerExpandVolumeResponse, error) {
	if request.GetVolumeId() == "" {
		return nil, invalid("the volume id is missing")
	}
	if request.GetCapacityRange() == nil {
		return nil, invalid("the capacity range is missing")
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
	size, err := sizeFor(request.GetCapacityRange(), 0, volume.Size)
	if err != nil {
		return nil, err
	}
	if limit := request.GetCapacityRange().GetLimitBytes(); limit > 0 && volume.Size > limit {
		return nil, status.Errorf(codes.OutOfRange, "the volume %s has %d bytes already, more than the limit of %d", volume.ID, volume.Size, limit)
	}
	if size > volume.Size {
		volume.Size = size
		err := store.Reserve(volume.ID, size, func() error { return store.Volumes.Put(volume.ID, volume) })
		var full *pool.FullError
		if errors.As(err, &full) {
			return nil, status.Error(codes.OutOfRange, full.Error()) // the code that the specification has for it
		}
		if err != nil {
			return nil, internal("reserve space for the volume", err)
		}
	}
	// Also if the record had the size already: the process may have been killed between the two.
	if err := fit(store, volume); err != nil {
		return nil, internal("enlarge the volume", err)
	}
	return &csi.ControllerExpandVolumeResponse{CapacityBytes: volume.Size, NodeExpansionRequired: volume.Block}, nil
}
