package driver

import (
	"errors"
	"slices"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// cutGroup writes the records before and after the cut. The group's record is finished last: without it the members
// are leftovers.
func (d *Driver) cutGroup(s *pool.Store, group pool.Group, members []pool.Snapshot, p parameters) (pool.Group, error) {
	// A killed process may have left members, perhaps cut, of this very group.
	if err := discardGroup(s, group); err != nil {
		return group, err
	}
	if err := s.Groups.Put(group.ID, group); err != nil {
		return group, err
	}
	var cuts []btrfs.Cut
	for _, m := range members {
		if err := s.Snapshots.Put(m.ID, m); err != nil {
			return group, err
		}
		cuts = append(cuts, btrfs.Cut{Source: s.Volumes.Data(m.Volume), Target: s.Snapshots.Data(m.ID)})
	}
	attempts, err := btrfs.SnapshotTogether(cuts)
	if err != nil {
		return group, err
	}
	d.log.Debug("cut a group", "group", group.ID, "members", len(cuts), "attempts", attempts)
	info, err := btrfs.Inspect(cuts[0].Target)
	if err != nil {
		return group, err
	}
	group.Cut, group.ReadyAt = info.CreateTime.UTC(), info.CreateTime.Add(p.readyAfter).UTC()
	for _, m := range members {
		m.State, m.Cut, m.ReadyAt = pool.Ready, group.Cut, group.ReadyAt
		if err := s.Snapshots.Put(m.ID, m); err != nil {
			return group, err
		}
	}
	group.State = pool.Ready
	return group, s.Groups.Put(group.ID, group)
}

// discardGroup removes the members and then the group, so that a call that is cut short can be repeated.
func discardGroup(s *pool.Store, group pool.Group) error {
	var err error
	for _, m := range group.Members {
		err = errors.Join(err, s.Snapshots.Discard(m.Snapshot))
	}
	if err != nil {
		return err
	}
	return s.Groups.Discard(group.ID)
}

func sameMembers(group pool.Group, volumes []string) bool {
	var members []string
	for _, m := range group.Members {
		members = append(members, m.Volume)
	}
	return slices.Equal(members, slices.Compact(slices.Sorted(slices.Values(volumes))))
}

// checkMemberIDs compares the members that a caller believes in with the real ones, if it says any.
func checkMemberIDs(group pool.Group, snapshots []string) error {
	if len(snapshots) == 0 {
		return nil
	}
	var members []string
	for _, m := range group.Members {
		members = append(members, m.Snapshot)
	}
	slices.Sort(members)
	if !slices.Equal(members, slices.Compact(slices.Sorted(slices.Values(snapshots)))) {
		return invalid("the snapshots given are not the members of the group %s", group.ID)
	}
	return nil
}
