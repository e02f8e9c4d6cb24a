// Package btrfs speaks to the file system through its ioctls.
//
// The command line tool would do, but a group snapshot needs its members cut by threads that arrive
// within microseconds of each other, and a process start between them is a thousand times that.
package btrfs

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const magic = 0x94

// Directions of an ioctl as the kernel encodes them.
const (
	none  = 0
	write = 1
	read  = 2
)

func request(direction, number, size uintptr) uintptr {
	return direction<<30 | size<<16 | magic<<8 | number
}

var (
	iocSnapDestroy   = request(write, 15, unsafe.Sizeof(volArgs{}))
	iocTreeSearch    = request(read|write, 17, unsafe.Sizeof(searchArgs{}))
	iocSnapCreate    = request(write, 23, unsafe.Sizeof(volArgsV2{}))
	iocSubvolCreate  = request(write, 24, unsafe.Sizeof(volArgsV2{}))
	iocStartSync     = request(read, 24, unsafe.Sizeof(uint64(0)))
	iocQuotaCtl      = request(read|write, 40, unsafe.Sizeof(quotaCtl{}))
	iocQgroupLimit   = request(read, 43, unsafe.Sizeof(qgroupLimit{}))
	iocRescanWait    = request(none, 46, 0)
	iocGetSubvolInfo = request(read, 60, unsafe.Sizeof(subvolInfo{}))
)

type volArgs struct {
	FD   int64
	Name [4088]byte
}

type volArgsV2 struct {
	FD      int64
	TransID uint64
	Flags   uint64
	_       [4]uint64
	Name    [4040]byte
}

type quotaCtl struct{ Command, Status uint64 }

type qgroupLimit struct {
	ID            uint64
	Flags         uint64
	MaxReferenced uint64
	_             [3]uint64
}

type timespec struct {
	Sec  uint64
	Nsec uint32
	_    uint32
}

type subvolInfo struct {
	TreeID     uint64
	_          [256]byte // name
	_          [2]uint64 // parent id, directory inode
	Generation uint64
	Flags      uint64
	_          [48]byte // three UUIDs
	ChangeTxn  uint64
	CreateTxn  uint64
	_          [2]uint64
	ChangeTime timespec
	CreateTime timespec
	_          [2]timespec
	_          [8]uint64
}

type searchKey struct {
	Tree                       uint64
	MinObject, MaxObject       uint64
	MinOffset, MaxOffset       uint64
	MinTransaction, MaxTransID uint64
	MinType, MaxType           uint32
	Items                      uint32
	_                          uint32
	_                          [4]uint64
}

type searchArgs struct {
	Key searchKey
	Buf [4096 - unsafe.Sizeof(searchKey{})]byte
}

// on opens a path and runs one ioctl on it.
func on(path string, request uintptr, argument unsafe.Pointer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return ioctl(f, request, argument)
}

func ioctl(f *os.File, request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(argument))
		if errno == 0 {
			return nil
		}
		if errno != unix.EINTR {
			return fmt.Errorf("btrfs request %d on %s: %w", request&0xff, f.Name(), errno)
		}
	}
}
