package driver

import (
	"context"
	"errors"
	"slices"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// CreateVolumeGroupSnapshot cuts all members at one moment (see btrfs.SnapshotTogether), or none. Members in
// different zones are refused: their pools are different file systems, between which no moment is common.
func (d *Driver) CreateVolumeGroupSnapshot(_ context.Context, request *csi.CreateVolumeGroupSnapshotRequest) (*csi.CreateVolumeGroupSnapshotResponse, error) {
	if err := d.requireSnapshots(); err != nil {
		return nil, err
	}
	if request.GetName() == "" {
		return nil, invalid("the name of the group snapshot is missing")
	}
	if len(request.GetSourceVolumeIds()) == 0 {
		return nil, invalid("no volume was given")
	}
	p, err := parseParameters(request.GetParameters(), readyAfter, tenantSecret)
	if err != nil {
		return nil, err
	}
	id := pool.ID(pool.GroupPrefix, request.GetName())
	unlock, err := d.lock(id)
	if err != nil {
		return nil, internal("lock the group", err)
	}
	defer unlock()

	store, group, ok, err := find(d, id, groupsOf)
	if err != nil {
		return nil, err
	}
	if !ok {
		if store, group, err = d.newGroup(id, request, p); err != nil {
			return nil, err
		}
	} else if !sameMembers(group, request.GetSourceVolumeIds()) {
		return nil, status.Errorf(codes.AlreadyExists, "the group snapshot %q exists with other volumes", group.Name)
	}
	described, err := d.describeGroup(store, group, request.GetSecrets())
	return &csi.CreateVolumeGroupSnapshotResponse{GroupSnapshot: described}, err
}

func (d *Driver) newGroup(id string, request *csi.CreateVolumeGroupSnapshotRequest, p parameters) (*pool.Store, pool.Group, error) {
	group := pool.Group{ID: id, Name: request.GetName(), State: pool.Making, Kubernetes: p.kubernetes}
	var store *pool.Store
	var members []pool.Snapshot
	for _, volumeID := range slices.Compact(slices.Sorted(slices.Values(request.GetSourceVolumeIds()))) {
		s, volume, err := d.volume(volumeID)
		if err != nil {
			return nil, group, err
		}
		if store != nil && s != store {
			return nil, group, status.Errorf(codes.FailedPrecondition,
				"the volumes are in the zones %s and %s: only volumes of one zone can be cut at one moment", store.Zone, s.Zone)
		}
		store = s
		snapshot, err := d.planSnapshot(volume, p, request.GetSecrets())
		if err != nil {
			return nil, group, err
		}
		snapshot.ID, snapshot.Group = pool.ID(pool.SnapshotPrefix, id, volumeID), id
		snapshot.Name = request.GetName()
		members = append(members, snapshot)
		group.Members = append(group.Members, pool.Member{Volume: volumeID, Snapshot: snapshot.ID})
	}
	group, err := d.cutGroup(store, group, members, p)
	if err != nil {
		return nil, group, internal("cut the group snapshot", errors.Join(err, discardGroup(store, group)))
	}
	return store, group, nil
}

func (d *Driver) DeleteVolumeGroupSnapshot(_ context.Context, request *csi.DeleteVolumeGroupSnapshotRequest) (*csi.DeleteVolumeGroupSnapshotResponse, error) {
	if err := d.requireSnapshots(); err != nil {
		return nil, err
	}
	id := request.GetGroupSnapshotId()
	if id == "" {
		return nil, invalid("the id of the group snapshot is missing")
	}
	if !pool.ValidID(id) {
		return &csi.DeleteVolumeGroupSnapshotResponse{}, nil
	}
	unlock, err := d.lock(id)
	if err != nil {
		return nil, internal("lock the group", err)
	}
	defer unlock()
	store, group, ok, err := find(d, id, groupsOf)
	if err != nil || !ok {
		return &csi.DeleteVolumeGroupSnapshotResponse{}, err
	}
	if err := checkMemberIDs(group, request.GetSnapshotIds()); err != nil {
		return nil, err
	}
	// Asked for its description first, because that checks the secrets against every member.
	if _, err := d.describeGroup(store, group, request.GetSecrets()); err != nil {
		return nil, err
	}
	return &csi.DeleteVolumeGroupSnapshotResponse{}, internal("delete the group snapshot", discardGroup(store, group))
}

func (d *Driver) GetVolumeGroupSnapshot(_ context.Context, request *csi.GetVolumeGroupSnapshotRequest) (*csi.GetVolumeGroupSnapshotResponse, error) {
	if err := d.requireSnapshots(); err != nil {
		return nil, err
	}
	id := request.GetGroupSnapshotId()
	if id == "" {
		return nil, invalid("the id of the group snapshot is missing")
	}
	store, group, ok, err := find(d, id, groupsOf)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, status.Errorf(codes.NotFound, "there is no group snapshot %q", id)
	}
	if err := checkMemberIDs(group, request.GetSnapshotIds()); err != nil {
		return nil, err
	}
	described, err := d.describeGroup(store, group, request.GetSecrets())
	return &csi.GetVolumeGroupSnapshotResponse{GroupSnapshot: described}, err
}

func (d *Driver) describeGroup(store *pool.Store, group pool.Group, secrets map[string]string) (*csi.VolumeGroupSnapshot, error) {
	described := &csi.VolumeGroupSnapshot{
		GroupSnapshotId: group.ID, CreationTime: timestamppb.New(group.Cut), ReadyToUse: !d.now().Before(group.ReadyAt),
	}
	for _, m := range group.Members {
		snapshot, ok, err := store.Snapshots.Get(m.Snapshot)
		if err == nil && !ok {
			continue // being deleted: the group's record goes last
		}
		if err == nil {
			err = checkTenant(snapshot.Tenant, secrets, "the snapshot "+m.Snapshot)
		}
		if err != nil {
			return nil, internal("read a member of the group", err)
		}
		described.Snapshots = append(described.Snapshots, d.describeSnapshot(snapshot))
	}
	return described, nil
}
