// Package loopdev turns files into block devices that can be recognised from outside.
//
// A loop device outlives every process. If all of a cluster is killed, its devices remain, and only their
// label tells whose they are.
package loopdev

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// MaxLabel is the room that the kernel has for a label.
const MaxLabel = 63

const (
	loopMajor = 7
	attempts  = 50
)

// Attach returns the loop device of a file, under a label of the caller's. If there is one already, it is that.
func Attach(file, label string) (string, error) {
	if len(label) > MaxLabel {
		return "", fmt.Errorf("the label %q is longer than %d bytes", label, MaxLabel)
	}
	if devices, err := Find(file, label); err != nil || len(devices) > 0 {
		if err != nil {
			return "", err
		}
		return devices[0], nil
	}
	backing, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer backing.Close()

	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer control.Close()
	// The device that the kernel calls free may be taken by another process before we configure it.
	for range attempts {
		number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return "", fmt.Errorf("find a free loop device: %w", err)
		}
		device, err := configure(number, backing, label)
		if err == nil {
			return device, nil
		}
		if !errors.Is(err, unix.EBUSY) {
			return "", err
		}
	}
	return "", fmt.Errorf("no free loop device for %s after %d attempts", file, attempts)
}

func configure(number int, backing *os.File, label string) (string, error) {
	path := fmt.Sprintf("/dev/loop%d", number)
	// Without udev nobody makes the node of a device that the kernel has just added.
	err := unix.Mknod(path, unix.S_IFBLK|0o660, int(unix.Mkdev(loopMajor, uint32(number))))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return "", fmt.Errorf("make the node %s: %w", path, err)
	}
	device, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer device.Close()
	config := unix.LoopConfig{Fd: uint32(backing.Fd())}
	copy(config.Info.File_name[:MaxLabel], label)
	if err := unix.IoctlLoopConfigure(int(device.Fd()), &config); err != nil {
		return "", fmt.Errorf("attach %s to %s: %w", backing.Name(), path, err)
	}
	return path, nil
}

// Resize makes a loop device as large as its file has become.
func Resize(device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.IoctlSetInt(int(f.Fd()), unix.LOOP_SET_CAPACITY, 0); err != nil {
		return fmt.Errorf("resize %s: %w", device, err)
	}
	return nil
}

// Detach frees a loop device. If someone still has it open, the kernel frees it when they close it.
func Detach(device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.IoctlSetInt(int(f.Fd()), unix.LOOP_CLR_FD, 0); err != nil && !errors.Is(err, unix.ENXIO) {
		return fmt.Errorf("detach %s: %w", device, err)
	}
	return nil
}
