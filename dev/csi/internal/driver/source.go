package driver

import (
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// source is what a new volume starts from. The zero value is nothing.
type source struct {
	id     string
	path   string
	store  *pool.Store
	size   int64
	block  bool
	tenant *pool.Tenant
}

func sourceID(content *csi.VolumeContentSource) string {
	if id := content.GetSnapshot().GetSnapshotId(); id != "" {
		return id
	}
	return content.GetVolume().GetVolumeId()
}

func (d *Driver) source(content *csi.VolumeContentSource) (source, error) {
	if content == nil {
		return source{}, nil
	}
	if !d.config.Snapshots {
		return source{}, invalid("the driver %s can neither restore nor clone", d.config.Name)
	}
	switch {
	case content.GetSnapshot() != nil:
		store, s, err := d.snapshot(content.GetSnapshot().GetSnapshotId())
		if err != nil {
			return source{}, err
		}
		if d.now().Before(s.ReadyAt) {
			return source{}, status.Errorf(codes.FailedPrecondition, "the snapshot %s is not ready yet", s.ID)
		}
		return source{s.ID, store.Snapshots.Data(s.ID), store, s.Size, s.Block, s.Tenant}, nil
	case content.GetVolume() != nil:
		store, v, err := d.volume(content.GetVolume().GetVolumeId())
		if err != nil {
			return source{}, err
		}
		return source{v.ID, store.Volumes.Data(v.ID), store, v.Size, v.Block, v.Tenant}, nil
	}
	return source{}, invalid("the volume content source is neither a snapshot nor a volume")
}

// fits says whether the one who asks may have the source, in the form wanted.
func (s source) fits(block bool, secrets map[string]string) error {
	if s.id == "" {
		return nil
	}
	if s.block != block {
		return invalid("the source %s is of the other kind: block volumes and file systems cannot be made of each other", s.id)
	}
	return checkTenant(s.tenant, secrets, "the source "+s.id)
}
