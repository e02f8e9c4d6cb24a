package driver

import (
	"context"
	"errors"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

func (d *Driver) CreateVolume(_ context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if request.GetName() == "" {
		return nil, invalid("the volume name is missing")
	}
	block, err := checkCapabilities(request.GetVolumeCapabilities())
	if err != nil {
		return nil, err
	}
	p, err := parseParameters(request.GetParameters(), tenantSecret)
	if err != nil {
		return nil, err
	}
	if len(request.GetMutableParameters()) > 0 {
		return nil, invalid("volume attribute classes are not supported")
	}
	id := pool.ID(pool.VolumePrefix, request.GetName())
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
		return d.repeated(store, volume, request, block, p)
	}
	from, err := d.source(request.GetVolumeContentSource())
	if err != nil {
		return nil, err
	}
	if err := from.fits(block, request.GetSecrets()); err != nil {
		return nil, err
	}
	size, err := sizeFor(request.GetCapacityRange(), from.size, defaultSize)
	if err != nil {
		return nil, err
	}
	volume = pool.Volume{
		ID: id, Name: request.GetName(), State: pool.Making, Created: d.now().UTC(),
		Size: size, Block: block, Source: from.id, Kubernetes: p.kubernetes,
	}
	if p.tenantRequired || from.tenant != nil {
		if volume.Tenant, err = newTenant(request.GetSecrets()); err != nil {
			return nil, err
		}
	}
	if store, err = d.place(volume, from, request.GetAccessibilityRequirements()); err != nil {
		return nil, err
	}
	if err := build(store, volume, from.path); err != nil {
		return nil, internal("make the volume", errors.Join(err, store.Volumes.Discard(id)))
	}
	return &csi.CreateVolumeResponse{Volume: describe(store, volume, request.GetVolumeContentSource())}, nil
}

// repeated answers a call whose volume exists: it must be the one that the call describes.
func (d *Driver) repeated(s *pool.Store, v pool.Volume, request *csi.CreateVolumeRequest, block bool, p parameters) (*csi.CreateVolumeResponse, error) {
	wanted := request.GetCapacityRange()
	differs := ""
	switch {
	case v.Size < wanted.GetRequiredBytes() || wanted.GetLimitBytes() > 0 && v.Size > wanted.GetLimitBytes():
		differs = "size"
	case v.Block != block:
		differs = "kind (block or file system)"
	case v.Source != sourceID(request.GetVolumeContentSource()):
		differs = "source"
	case p.tenantRequired && v.Tenant == nil:
		differs = "tenant"
	}
	if differs != "" {
		return nil, status.Errorf(codes.AlreadyExists, "the volume %q exists with another %s", v.Name, differs)
	}
	if err := checkTenant(v.Tenant, request.GetSecrets(), "the volume "+v.ID); err != nil {
		return nil, err
	}
	return &csi.CreateVolumeResponse{Volume: describe(s, v, request.GetVolumeContentSource())}, nil
}

// place reserves space for a volume in the first zone that is allowed and has room. A volume with a
// source must be where that is.
func (d *Driver) place(v pool.Volume, from source, requirement *csi.TopologyRequirement) (*pool.Store, error) {
	zones, err := d.zonesFor(requirement)
	if err != nil {
		return nil, err
	}
	var refusal error = status.Error(codes.ResourceExhausted, "no zone that the request allows has a pool")
	for _, zone := range zones {
		store := d.store(zone)
		if store == nil {
			continue
		}
		if from.store != nil && from.store != store {
			refusal = status.Errorf(codes.ResourceExhausted, "the source %s is in zone %s, which the request does not allow", from.id, from.store.Zone)
			continue
		}
		err := store.Reserve(v.ID, v.Size, func() error { return store.Volumes.Put(v.ID, v) })
		if err == nil {
			return store, nil
		}
		var full *pool.FullError
		if !errors.As(err, &full) {
			return nil, internal("reserve space for the volume", err)
		}
		refusal = status.Error(codes.ResourceExhausted, full.Error())
		if from.store != nil {
			break
		}
	}
	return nil, refusal
}

func describe(s *pool.Store, v pool.Volume, content *csi.VolumeContentSource) *csi.Volume {
	return &csi.Volume{
		VolumeId: v.ID, CapacityBytes: v.Size, ContentSource: content,
		AccessibleTopology: []*csi.Topology{topology(s.Zone)},
	}
}
