package loopdev

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Device is a loop device in use.
type Device struct {
	Path  string
	Label string
	// The file behind it. Both are needed: files in different subvolumes have the same inode numbers.
	device, inode uint64
}

// List returns the loop devices whose label starts with a prefix.
func List(prefix string) ([]Device, error) {
	// Only devices with a file have this directory.
	inUse, err := filepath.Glob("/sys/block/loop*/loop")
	if err != nil {
		return nil, err
	}
	var found []Device
	for _, entry := range inUse {
		path := "/dev/" + filepath.Base(filepath.Dir(entry))
		device, err := inspect(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENXIO) {
			continue // detached since, or not ours: we make the nodes of ours
		}
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(device.Label, prefix) {
			found = append(found, device)
		}
	}
	return found, nil
}

// Find returns the loop devices of one file that carry exactly this label. The file is compared as well,
// because volumes of two clusters can have the same id.
func Find(file, label string) ([]string, error) {
	var stat unix.Stat_t
	if err := unix.Stat(file, &stat); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: file, Err: err}
	}
	devices, err := List(label)
	var paths []string
	for _, d := range devices {
		if d.Label == label && d.device == stat.Dev && d.inode == stat.Ino {
			paths = append(paths, d.Path)
		}
	}
	return paths, err
}

func inspect(path string) (Device, error) {
	f, err := os.Open(path)
	if err != nil {
		return Device{}, err
	}
	defer f.Close()
	info, err := unix.IoctlLoopGetStatus64(int(f.Fd()))
	if err != nil {
		return Device{}, &fs.PathError{Op: "inspect", Path: path, Err: err}
	}
	label, _, _ := bytes.Cut(info.File_name[:], []byte{0})
	return Device{Path: path, Label: string(label), device: info.Device, inode: info.Inode}, nil
}
