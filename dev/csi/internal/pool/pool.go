// Package pool keeps volumes, snapshots and groups in a btrfs file system.
//
// A pool is the storage of one zone:
//
//	<pool>/holdfast-dev/lock                         taken while capacity is reserved
//	<pool>/holdfast-dev/<driver>/lock                one byte per id
//	<pool>/holdfast-dev/<driver>/volumes/<id>/       meta.json and the subvolume data
//	<pool>/holdfast-dev/<driver>/snapshots/<id>/     meta.json and the read-only subvolume data
//	<pool>/holdfast-dev/<driver>/groups/<id>/        meta.json
//	<pool>/holdfast-dev/<driver>/trash/              what is being removed
//
// All state is there. A process may end at any moment and another one go on.
package pool

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
)

// Pool is a mounted btrfs file system that serves a zone.
type Pool struct {
	Zone string
	// Capacity is how much may be promised to volumes, in bytes.
	Capacity int64
	// Limits is false if the file system cannot hold volumes to their size.
	Limits bool
	root   string
}

// Open checks that a directory can be a pool. A capacity of 0 is the size of the file system. If quotas
// cannot be had, the pool works without, and the reason is returned beside it.
func Open(zone, dir string, capacity int64, quota btrfs.Mode) (*Pool, error, error) {
	is, err := btrfs.IsBtrfs(dir)
	if err != nil {
		return nil, nil, err
	}
	if !is {
		return nil, nil, fmt.Errorf("the pool %s of zone %s is not on btrfs: mount the pool's file system there first", dir, zone)
	}
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return nil, nil, err
	}
	if capacity == 0 {
		capacity = int64(stat.Blocks) * stat.Bsize
	}
	p := &Pool{Zone: zone, Capacity: capacity, root: filepath.Join(dir, "holdfast-dev")}
	if err := os.MkdirAll(p.root, 0o700); err != nil {
		return nil, nil, err
	}
	noQuota := btrfs.EnableQuota(dir, quota)
	p.Limits = noQuota == nil && quota != btrfs.Off
	return p, noQuota, nil
}

// Store is what one driver keeps in a pool.
type Store struct {
	*Pool
	Driver    string
	Volumes   Collection[Volume]
	Snapshots Collection[Snapshot]
	Groups    Collection[Group]
	dir       string
}

// Store opens the part of a driver, and makes it if there is none yet.
func (p *Pool) Store(driver string) (*Store, error) {
	s := &Store{Pool: p, Driver: driver, dir: filepath.Join(p.root, driver)}
	var err error
	if s.Volumes, err = newCollection(s.dir, "volumes", func(v Volume) State { return v.State }); err != nil {
		return nil, err
	}
	if s.Snapshots, err = newCollection(s.dir, "snapshots", func(v Snapshot) State { return v.State }); err != nil {
		return nil, err
	}
	s.Groups, err = newCollection(s.dir, "groups", func(v Group) State { return v.State })
	return s, err
}

// Lock waits until nobody else, in any process, works on an id.
func (s *Store) Lock(id string) (unlock func(), err error) {
	unlock, _, err = lockByte(filepath.Join(s.dir, "lock"), byteOf(id), true)
	return unlock, err
}
