package pool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
)

const (
	recordFile = "meta.json"
	dataDir    = "data"
)

// Collection is a directory with one subdirectory per volume, snapshot or group: its record and, except
// for groups, the subvolume with its data. Each subvolume has a parent directory of its own, because the
// kernel lets only one snapshot at a time be made in a directory.
type Collection[T any] struct {
	dir   string
	trash string
	state func(T) State
}

func newCollection[T any](root, kind string, state func(T) State) (Collection[T], error) {
	c := Collection[T]{dir: filepath.Join(root, kind), trash: filepath.Join(root, "trash"), state: state}
	return c, errors.Join(os.MkdirAll(c.dir, 0o700), os.MkdirAll(c.trash, 0o700))
}

// Data is where the subvolume of an item is.
func (c Collection[T]) Data(id string) string { return filepath.Join(c.dir, id, dataDir) }

// Get returns a finished item; ok is false if there is none.
func (c Collection[T]) Get(id string) (item T, ok bool, err error) {
	err = readJSON(filepath.Join(c.dir, id, recordFile), &item)
	if errors.Is(err, fs.ErrNotExist) {
		return item, false, nil
	}
	return item, err == nil && c.state(item) == Ready, err
}

// Put writes an item's record.
func (c Collection[T]) Put(id string, item T) error {
	dir := filepath.Join(c.dir, id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return writeAtomically(filepath.Join(dir, recordFile), item)
}

// List returns all finished items in the order of their ids.
func (c Collection[T]) List() ([]T, error) {
	ids, err := c.ids()
	if err != nil {
		return nil, err
	}
	var items []T
	for _, id := range ids {
		item, ok, err := c.Get(id)
		if err != nil {
			return nil, err
		}
		if ok {
			items = append(items, item)
		}
	}
	return items, nil
}

func (c Collection[T]) ids() ([]string, error) {
	entries, err := os.ReadDir(c.dir)
	var ids []string
	for _, e := range entries {
		if ValidID(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	slices.Sort(ids)
	return ids, err
}

// Discard removes an item, finished or not. It vanishes by one rename, so that a crash afterwards leaves
// only rubbish in the trash, which the next start empties.
func (c Collection[T]) Discard(id string) error {
	away := filepath.Join(c.trash, id+"-"+rand.Text()[:8])
	if err := os.Rename(filepath.Join(c.dir, id), away); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return empty(away)
}

// empty removes a directory of the trash. Two processes may be at it at the same time.
func empty(dir string) error {
	if err := btrfs.DeleteSubvolume(filepath.Join(dir, dataDir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("empty the trash: %w", err)
	}
	return os.RemoveAll(dir)
}
