package driver

import (
	"context"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// GetCapacity says how much can still be promised, in one zone or in all. A volume lives in one pool, so the
// largest possible one is what the emptiest pool has.
func (d *Driver) GetCapacity(_ context.Context, request *csi.GetCapacityRequest) (*csi.GetCapacityResponse, error) {
	if _, err := parseParameters(request.GetParameters(), tenantSecret); err != nil {
		return nil, err
	}
	if len(request.GetVolumeCapabilities()) > 0 {
		if _, err := checkCapabilities(request.GetVolumeCapabilities()); err != nil {
			return nil, err
		}
	}
	stores := d.stores
	if t := request.GetAccessibleTopology(); t != nil {
		stores = nil
		if zone, ok := zoneOf(t); ok && d.store(zone) != nil {
			stores = []*pool.Store{d.store(zone)}
		}
	}
	var sum, largest int64
	for _, s := range stores {
		free, err := s.Free()
		if err != nil {
			return nil, internal("read the free capacity", err)
		}
		sum += free
		largest = max(largest, free)
	}
	return &csi.GetCapacityResponse{
		AvailableCapacity: sum,
		MaximumVolumeSize: wrapperspb.Int64(largest),
		MinimumVolumeSize: wrapperspb.Int64(sizeStep),
	}, nil
}
