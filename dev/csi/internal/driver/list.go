package driver

import (
	"cmp"
	"context"
	"slices"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// page cuts a page out of items that are ordered by id. A token is the last id of the page before, so that nothing is
// shown twice or left out when items come and go between pages.
func page[T any](items []T, id func(T) string, token string, most int32) ([]T, string, error) {
	if most < 0 {
		return nil, "", invalid("the number of entries cannot be negative: it is %d", most)
	}
	if token != "" {
		if !pool.ValidID(token) {
			return nil, "", status.Errorf(codes.Aborted, "the starting token %q is not one of ours: start the list again", token)
		}
		start := slices.IndexFunc(items, func(item T) bool { return id(item) > token })
		if start < 0 {
			return nil, "", nil
		}
		items = items[start:]
	}
	if most == 0 || int(most) >= len(items) {
		return items, "", nil
	}
	return items[:most], id(items[most-1]), nil
}

type placed[T any] struct {
	store *pool.Store
	item  T
}

// everywhere lists the finished items of all pools in the order of their ids.
func everywhere[T any](d *Driver, in func(*pool.Store) pool.Collection[T], id func(T) string) ([]placed[T], error) {
	var all []placed[T]
	for _, s := range d.stores {
		items, err := in(s).List()
		if err != nil {
			return nil, internal("list a pool", err)
		}
		for _, item := range items {
			all = append(all, placed[T]{s, item})
		}
	}
	slices.SortFunc(all, func(a, b placed[T]) int { return cmp.Compare(id(a.item), id(b.item)) })
	return all, nil
}

func (d *Driver) ListVolumes(_ context.Context, request *csi.ListVolumesRequest) (*csi.ListVolumesResponse, error) {
	all, err := everywhere(d, volumesOf, func(v pool.Volume) string { return v.ID })
	if err != nil {
		return nil, err
	}
	volumes, next, err := page(all, func(p placed[pool.Volume]) string { return p.item.ID }, request.GetStartingToken(), request.GetMaxEntries())
	if err != nil {
		return nil, err
	}
	response := &csi.ListVolumesResponse{NextToken: next}
	for _, v := range volumes {
		response.Entries = append(response.Entries, &csi.ListVolumesResponse_Entry{Volume: describe(v.store, v.item, nil)})
	}
	return response, nil
}

func (d *Driver) ListSnapshots(_ context.Context, request *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	if err := d.requireSnapshots(); err != nil {
		return nil, err
	}
	all, err := everywhere(d, snapshotsOf, func(s pool.Snapshot) string { return s.ID })
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p placed[pool.Snapshot]) bool {
		id, volume := request.GetSnapshotId(), request.GetSourceVolumeId()
		return id != "" && p.item.ID != id || volume != "" && p.item.Volume != volume
	})
	snapshots, next, err := page(all, func(p placed[pool.Snapshot]) string { return p.item.ID }, request.GetStartingToken(), request.GetMaxEntries())
	if err != nil {
		return nil, err
	}
	response := &csi.ListSnapshotsResponse{NextToken: next}
	for _, s := range snapshots {
		response.Entries = append(response.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: d.describeSnapshot(s.item)})
	}
	return response, nil
}
