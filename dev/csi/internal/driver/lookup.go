package driver

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// find looks for a finished item in all pools. An id of a wrong form is never looked for: it names nothing.
func find[T any](d *Driver, id string, in func(*pool.Store) pool.Collection[T]) (*pool.Store, T, bool, error) {
	var nothing T
	if !pool.ValidID(id) {
		return nil, nothing, false, nil
	}
	for _, s := range d.stores {
		item, ok, err := in(s).Get(id)
		if err != nil || ok {
			return s, item, ok, internal("read the record of "+id, err)
		}
	}
	return nil, nothing, false, nil
}

func volumesOf(s *pool.Store) pool.Collection[pool.Volume]     { return s.Volumes }
func snapshotsOf(s *pool.Store) pool.Collection[pool.Snapshot] { return s.Snapshots }
func groupsOf(s *pool.Store) pool.Collection[pool.Group]       { return s.Groups }

// volume returns a volume that must exist.
func (d *Driver) volume(id string) (*pool.Store, pool.Volume, error) {
	if id == "" {
		return nil, pool.Volume{}, invalid("the volume id is missing")
	}
	store, volume, ok, err := find(d, id, volumesOf)
	if err == nil && !ok {
		err = status.Errorf(codes.NotFound, "there is no volume %q", id)
	}
	return store, volume, err
}

// snapshot returns a snapshot that must exist.
func (d *Driver) snapshot(id string) (*pool.Store, pool.Snapshot, error) {
	if id == "" {
		return nil, pool.Snapshot{}, invalid("the snapshot id is missing")
	}
	store, snapshot, ok, err := find(d, id, snapshotsOf)
	if err == nil && !ok {
		err = status.Errorf(codes.NotFound, "there is no snapshot %q", id)
	}
	return store, snapshot, err
}
