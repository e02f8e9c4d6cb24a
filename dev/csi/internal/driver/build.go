package driver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// diskFile is the content of a block volume, a file in a subvolume, so that snapshots work alike.
const diskFile = "disk.img"

func diskOf(s *pool.Store, id string) string { return filepath.Join(s.Volumes.Data(id), diskFile) }

// build makes the subvolume of a volume whose record says that it is being made, then finishes the record.
func build(s *pool.Store, v pool.Volume, source string) error {
	data := s.Volumes.Data(v.ID)
	// A process that was killed may have come so far, perhaps with another source.
	if err := btrfs.DeleteSubvolume(data); err != nil {
		return err
	}
	var err error
	if source == "" {
		err = btrfs.CreateSubvolume(data)
	} else {
		err = btrfs.Snapshot(source, data, false)
	}
	if err != nil {
		return err
	}
	if err := fit(s, v); err != nil {
		return err
	}
	v.State = pool.Ready
	return s.Volumes.Put(v.ID, v)
}

// fit makes a volume as large as its record says. Repeated, it changes nothing.
//
// A block volume has no quota: its file cannot outgrow it, and while old blocks wait to be freed it may refer
// to a little more than that, which must not fail a write to a disk.
func fit(s *pool.Store, v pool.Volume) error {
	if v.Block {
		f, err := os.OpenFile(diskOf(s, v.ID), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(grow(f, v.Size), f.Close())
	}
	if !s.Limits {
		return nil
	}
	if err := btrfs.Limit(s.Volumes.Data(v.ID), v.Size); err != nil {
		return fmt.Errorf("limit the volume to %d bytes: %w", v.Size, err)
	}
	return nil
}

func grow(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() >= size {
		return err
	}
	return f.Truncate(size)
}
