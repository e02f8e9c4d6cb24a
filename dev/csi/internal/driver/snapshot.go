package driver

import (
	"context"
	"errors"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// CreateSnapshot cuts at once, whatever the class says about readiness.
func (d *Driver) CreateSnapshot(_ context.Context, request *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if err := d.requireSnapshots(); err != nil {
		return nil, err
	}
	if request.GetName() == "" {
		return nil, invalid("the snapshot name is missing")
	}
	if request.GetSourceVolumeId() == "" {
		return nil, invalid("the id of the volume is missing")
	}
	p, err := parseParameters(request.GetParameters(), readyAfter, tenantSecret)
	if err != nil {
		return nil, err
	}
	id := pool.ID(pool.SnapshotPrefix, request.GetName())
	unlock, err := d.lock(id)
	if err != nil {
		return nil, internal("lock the snapshot", err)
	}
	defer unlock()

	_, existing, ok, err := find(d, id, snapshotsOf)
	if err != nil {
		return nil, err
	}
	if ok {
		if existing.Volume != request.GetSourceVolumeId() {
			return nil, status.Errorf(codes.AlreadyExists, "the snapshot %q exists of another volume, %s", existing.Name, existing.Volume)
		}
		if err := checkTenant(existing.Tenant, request.GetSecrets(), "the snapshot "+id); err != nil {
			return nil, err
		}
		return &csi.CreateSnapshotResponse{Snapshot: d.describeSnapshot(existing)}, nil
	}
	store, volume, err := d.volume(request.GetSourceVolumeId())
	if err != nil {
		return nil, err
	}
	snapshot, err := d.planSnapshot(volume, p, request.GetSecrets())
	if err != nil {
		return nil, err
	}
	snapshot.ID, snapshot.Name = id, request.GetName()
	if snapshot, err = cut(store, snapshot, p); err != nil {
		return nil, internal("cut the snapshot", errors.Join(err, store.Snapshots.Discard(id)))
	}
	return &csi.CreateSnapshotResponse{Snapshot: d.describeSnapshot(snapshot)}, nil
}

// planSnapshot fills in what a snapshot takes over from its volume.
func (d *Driver) planSnapshot(v pool.Volume, p parameters, secrets map[string]string) (pool.Snapshot, error) {
	if err := checkTenant(v.Tenant, secrets, "the volume "+v.ID); err != nil {
		return pool.Snapshot{}, err
	}
	tenant := v.Tenant
	if p.tenantRequired && tenant == nil {
		var err error
		if tenant, err = newTenant(secrets); err != nil {
			return pool.Snapshot{}, err
		}
	}
	return pool.Snapshot{
		State: pool.Making, Volume: v.ID, Size: v.Size, Block: v.Block, Tenant: tenant, Kubernetes: p.kubernetes,
	}, nil
}

func cut(s *pool.Store, snapshot pool.Snapshot, p parameters) (pool.Snapshot, error) {
	if err := s.Snapshots.Put(snapshot.ID, snapshot); err != nil {
		return snapshot, err
	}
	data := s.Snapshots.Data(snapshot.ID)
	// One that a killed process had cut is not taken: nobody was told of it, and it may be hours old.
	if err := btrfs.DeleteSubvolume(data); err != nil {
		return snapshot, err
	}
	if err := btrfs.Snapshot(s.Volumes.Data(snapshot.Volume), data, true); err != nil {
		return snapshot, err
	}
	info, err := btrfs.Inspect(data)
	if err != nil {
		return snapshot, err
	}
	snapshot.State, snapshot.Cut, snapshot.ReadyAt = pool.Ready, info.CreateTime.UTC(), info.CreateTime.Add(p.readyAfter).UTC()
	return snapshot, s.Snapshots.Put(snapshot.ID, snapshot)
}

func (d *Driver) DeleteSnapshot(_ context.Context, request *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if err := d.requireSnapshots(); err != nil {
		return nil, err
	}
	id := request.GetSnapshotId()
	if id == "" {
		return nil, invalid("the snapshot id is missing")
	}
	if !pool.ValidID(id) {
		return &csi.DeleteSnapshotResponse{}, nil
	}
	unlock, err := d.lock(id)
	if err != nil {
		return nil, internal("lock the snapshot", err)
	}
	defer unlock()
	store, snapshot, ok, err := find(d, id, snapshotsOf)
	if err != nil || !ok {
		return &csi.DeleteSnapshotResponse{}, err
	}
	if snapshot.Group != "" {
		return nil, invalid("the snapshot %s is part of the group %s and can only be deleted with it", id, snapshot.Group)
	}
	if err := checkTenant(snapshot.Tenant, request.GetSecrets(), "the snapshot "+id); err != nil {
		return nil, err
	}
	return &csi.DeleteSnapshotResponse{}, internal("delete the snapshot", store.Snapshots.Discard(id))
}

func (d *Driver) describeSnapshot(s pool.Snapshot) *csi.Snapshot {
	return &csi.Snapshot{
		SnapshotId: s.ID, SourceVolumeId: s.Volume, GroupSnapshotId: s.Group, SizeBytes: s.Size,
		CreationTime: timestamppb.New(s.Cut), ReadyToUse: !d.now().Before(s.ReadyAt),
	}
}
