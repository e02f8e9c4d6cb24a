// Package testpool gives tests real btrfs file systems that leave nothing behind.
package testpool

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"holdfast.dev/holdfast/dev/csi/internal/loopdev"
)

// Main runs the tests of a package in a mount namespace of their own. When the process ends, however it ends, its
// mounts end with it, and with them the loop devices under them.
func Main(m *testing.M) {
	const inside = "HOLDFAST_CSI_TEST_NAMESPACE"
	if missing() != "" || os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	reclaim()
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Args[0] = os.Args[0]
	self.Env = append(os.Environ(), inside+"=1")
	self.Stdin, self.Stdout, self.Stderr = os.Stdin, os.Stdout, os.Stderr
	// With this flag the mounts are made private as well.
	self.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	err := self.Run()
	if self.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "cannot run the tests in a mount namespace:", err)
		os.Exit(1)
	}
	reclaim()
	os.Exit(max(self.ProcessState.ExitCode(), min(1, -self.ProcessState.ExitCode())))
}

// missing says what this machine lacks for these tests, or "".
func missing() string {
	if os.Geteuid() != 0 {
		return "needs root, to mount file systems"
	}
	if _, err := exec.LookPath("mkfs.btrfs"); err != nil {
		return "needs mkfs.btrfs (package btrfs-progs)"
	}
	return ""
}

// New returns the directory of a mounted btrfs file system of the given size, or skips the test.
func New(t testing.TB, bytes int64) string {
	t.Helper()
	if what := missing(); what != "" {
		t.Skip(what)
	}
	image := filepath.Join(t.TempDir(), "image")
	dir := filepath.Join(filepath.Dir(image), "pool")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, bytes); err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs.btrfs", "-q", image)
	run(t, "mount", "-o", "loop,noatime", image, dir) // mount's loop devices free themselves
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount the pool: %v (is a loop device left?)", err)
			unix.Unmount(dir, unix.MNT_DETACH)
		}
	})
	return dir
}

func run(t testing.TB, name string, arguments ...string) {
	t.Helper()
	if output, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, output)
	}
}

const driverPrefix = "test-"

// DriverName is a name that tells whose test a loop device belongs to. More may follow it after a dot.
func DriverName() string { return driverPrefix + strconv.Itoa(os.Getpid()) }

// reclaim frees the loop devices of block volumes of tests that were killed. Nothing else frees these.
func reclaim() {
	devices, err := loopdev.List("holdfast-dev:" + driverPrefix)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot look for leftovers of earlier tests:", err)
	}
	for _, d := range devices {
		name := strings.TrimPrefix(d.Label, "holdfast-dev:"+driverPrefix)
		pid, err := strconv.Atoi(name[:strings.IndexAny(name+":", ".:")])
		if err == nil && unix.Kill(pid, 0) == unix.ESRCH {
			if err := loopdev.Detach(d.Path); err != nil {
				fmt.Fprintln(os.Stderr, "cannot free a leftover of an earlier test:", err)
			}
		}
	}
}
