package pool

import (
	"errors"
	"os"
	"path/filepath"
)

// Sweep removes what a killed process left half made or half removed. No caller knows of it: one that
// still wants it asks again by name. What another process is working on right now is left alone. The locks are
// those of the store given, since a driver with several pools uses the locks of one of them for all.
func (s *Store) Sweep(locks *Store) error {
	// Members of a group are made and removed under the lock of the group, and are nothing without it.
	lockOf := func(v Snapshot) string {
		if v.Group != "" {
			return v.Group
		}
		return v.ID
	}
	orphan := func(v Snapshot) bool {
		if v.Group == "" {
			return false
		}
		_, ok, err := s.Groups.Get(v.Group)
		return err == nil && !ok
	}
	err := errors.Join(
		sweep(s.Volumes, locks, func(v Volume) string { return v.ID }, nil),
		sweep(s.Groups, locks, func(g Group) string { return g.ID }, nil),
		sweep(s.Snapshots, locks, lockOf, orphan),
	)
	rubbish, readErr := os.ReadDir(filepath.Join(s.dir, "trash"))
	err = errors.Join(err, readErr)
	for _, r := range rubbish {
		err = errors.Join(err, empty(filepath.Join(s.dir, "trash", r.Name())))
	}
	return err
}

// sweep discards the unfinished items of a collection, and finished ones that orphan names.
func sweep[T any](c Collection[T], locks *Store, lockID func(T) string, orphan func(T) bool) error {
	ids, err := c.ids()
	for _, id := range ids {
		err = errors.Join(err, func() error {
			item, _, err := c.Get(id)
			if err != nil {
				return err
			}
			key := lockID(item)
			if key == "" {
				key = id // no record was written
			}
			unlock, ok, err := lockByte(filepath.Join(locks.dir, "lock"), byteOf(key), false)
			if err != nil || !ok {
				return err
			}
			defer unlock()
			// Only what it is under the lock counts.
			item, finished, err := c.Get(id)
			if err != nil || finished && (orphan == nil || !orphan(item)) {
				return err
			}
			return c.Discard(id)
		}())
	}
	return err
}
