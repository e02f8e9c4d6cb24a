package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// stateMount is where the state folder stays reachable while /var, which usually holds it, is covered.
const stateMount = "/run/state"

// prepareMounts keeps mounts from spreading to the host and gives the machine a /proc of its own, an empty /run, and a /var whose
// changes end up in the state folder: kubelet, containerd and CNI plugins write below /var to places that no flag moves. Mounts
// made later are shared among everything in the machine, as the kubelet wants it.
func prepareMounts(dir string) error {
	upper, work := filepath.Join(dir, "var"), filepath.Join(dir, "var.work")
	for _, folder := range []string{upper, work} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	overlay := fmt.Sprintf("lowerdir=/var,upperdir=%s,workdir=%s", upper, work)
	steps := []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"proc", "/proc", "proc", 0, ""},
		{"run", "/run", "tmpfs", 0, "mode=0755"},
		{dir, stateMount, "", unix.MS_BIND, ""},
		{"var", "/var", "overlay", 0, overlay},
		{stateMount, dir, "", unix.MS_BIND, ""},
		{"", "/", "", unix.MS_REC | unix.MS_SHARED, ""},
	}
	for _, step := range steps {
		if err := os.MkdirAll(step.target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(step.source, step.target, step.kind, step.flags, step.data); err != nil {
			return fmt.Errorf("mount %s: %w", step.target, err)
		}
	}
	return unix.Unmount(stateMount, 0)
}
