package btrfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	flagReadOnly = 1 << 1

	// Every subvolume's root directory has this inode number and nothing else on btrfs has.
	rootInode = 256
)

// CreateSubvolume makes an empty subvolume at a path whose parent exists.
func CreateSubvolume(path string) error {
	var args volArgsV2
	if err := setName(args.Name[:], path); err != nil {
		return err
	}
	return on(filepath.Dir(path), iocSubvolCreate, unsafe.Pointer(&args))
}

// Snapshot cuts a snapshot of the subvolume source at target. When it returns, the snapshot is on disk.
func Snapshot(source, target string, readOnly bool) error {
	src, err := os.Open(source)
	if err != nil {
		return err
	}
	defer src.Close()
	args := volArgsV2{FD: int64(src.Fd())}
	if readOnly {
		args.Flags = flagReadOnly
	}
	if err := setName(args.Name[:], target); err != nil {
		return err
	}
	return on(filepath.Dir(target), iocSnapCreate, unsafe.Pointer(&args))
}

// DeleteSubvolume removes a subvolume with all it contains; its space comes back in the background.
// It is no error if there is none.
func DeleteSubvolume(path string) error {
	if is, err := IsSubvolume(path); err != nil || !is {
		return err
	}
	var args volArgs
	if err := setName(args.Name[:], path); err != nil {
		return err
	}
	return on(filepath.Dir(path), iocSnapDestroy, unsafe.Pointer(&args))
}

// IsSubvolume says whether the path is the root of a subvolume. A missing path is not.
func IsSubvolume(path string) (bool, error) {
	var stat unix.Stat_t
	err := unix.Lstat(path, &stat)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return stat.Ino == rootInode && stat.Mode&unix.S_IFMT == unix.S_IFDIR, nil
}

// Info is what the file system itself records about a subvolume.
type Info struct {
	ID uint64
	// CreateTxn is the transaction that made the subvolume. Two snapshots with the same one show the
	// file system at the same point between two writes.
	CreateTxn  uint64
	CreateTime time.Time
}

// Inspect reads the record of a subvolume.
func Inspect(path string) (Info, error) {
	var info subvolInfo
	if err := on(path, iocGetSubvolInfo, unsafe.Pointer(&info)); err != nil {
		return Info{}, err
	}
	return Info{
		ID:         info.TreeID,
		CreateTxn:  info.CreateTxn,
		CreateTime: time.Unix(int64(info.CreateTime.Sec), int64(info.CreateTime.Nsec)),
	}, nil
}

// IsBtrfs says whether a directory lies on btrfs.
func IsBtrfs(path string) (bool, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return false, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return stat.Type == unix.BTRFS_SUPER_MAGIC, nil
}

func setName(field []byte, path string) error {
	name := filepath.Base(path)
	if len(name) > 255 {
		return fmt.Errorf("the subvolume name %q is too long", name)
	}
	copy(field, name)
	return nil
}
