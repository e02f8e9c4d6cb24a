package mount

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Options are the mount options of a claim that make sense for a bind mount.
var Options = map[string]uintptr{
	"rw":         0,
	"ro":         unix.MS_RDONLY,
	"noatime":    unix.MS_NOATIME,
	"nodiratime": unix.MS_NODIRATIME,
	"relatime":   unix.MS_RELATIME,
	"nosuid":     unix.MS_NOSUID,
	"nodev":      unix.MS_NODEV,
	"noexec":     unix.MS_NOEXEC,
}

// Bind mounts source over the existing target. If it fails, nothing is mounted.
func Bind(source, target string, flags uintptr) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s to %s: %w", source, target, err)
	}
	if flags == 0 {
		return nil
	}
	// The kernel ignores other flags in the call that makes a bind mount.
	if err := unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|flags, ""); err != nil {
		err = fmt.Errorf("set the options of the mount %s: %w", target, err)
		return errors.Join(err, unix.Unmount(target, unix.MNT_DETACH))
	}
	return nil
}

// Unmount takes away everything that is mounted at target, and then target itself. A missing target is no error.
func Unmount(target string) error {
	mounted, err := At(target)
	if err != nil {
		return err
	}
	for range mounted {
		if err := unix.Unmount(target, unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("unmount %s: %w", target, err)
		}
	}
	// Not RemoveAll: if anything is still mounted there, it must not be emptied.
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
