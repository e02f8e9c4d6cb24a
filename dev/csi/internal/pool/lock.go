package pool

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"

	"golang.org/x/sys/unix"
)

// lockByte locks one byte of a file for this call alone, against goroutines and processes alike: the lock
// belongs to the open file, not to the process, and ends with it, also by kill. One file with a byte per id
// needs no clean-up when ids go. With wait false, ok is false if somebody else has it.
func lockByte(path string, offset int64, wait bool) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	command := unix.F_OFD_SETLKW
	if !wait {
		command = unix.F_OFD_SETLK
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: offset, Len: 1}
	for {
		err = unix.FcntlFlock(f.Fd(), command, &lock)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		if !wait && (errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES)) {
			return nil, false, nil
		}
		return nil, false, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, true, nil
}

// byteOf spreads ids over a file. Two ids may meet, but then they only wait for each other.
func byteOf(id string) int64 {
	hash := fnv.New64a()
	hash.Write([]byte(id))
	return int64(hash.Sum64() >> 2)
}
