package btrfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Cut names a subvolume and where its read-only snapshot goes.
type Cut struct{ Source, Target string }

// ErrNotTogether says that the snapshots kept landing in different transactions.
var ErrNotTogether = errors.New("the snapshots could not be cut in one transaction")

// Most groups meet in the first attempts; see TestSnapshotTogether for the distribution.
const maxAttempts = 40

// SnapshotTogether cuts read-only snapshots of several subvolumes of one file system at one moment.
//
// Btrfs has no call for this, but it makes snapshots while it commits a transaction, all those that wait
// at that time in one critical section in which nobody else can write. So the cuts are requested by as
// many threads at once, and the file system's own record says whether one transaction made all of them.
// If not, they are removed and cut again. What is returned is therefore really one moment: a write to one
// member that was synced before a write to another member began can never be missing while the later one
// is there. No writer is held up longer than by any single snapshot.
//
// The targets must be in different directories, because the kernel makes the entries of one directory one
// after another. It returns the number of attempts.
func SnapshotTogether(cuts []Cut) (int, error) {
	parents := map[string]bool{}
	for _, c := range cuts {
		if parents[filepath.Dir(c.Target)] {
			return 0, fmt.Errorf("two targets share the directory of %s", c.Target)
		}
		parents[filepath.Dir(c.Target)] = true
	}
	// What has to be written anyway is written first, so that the cuts have little to wait for.
	if err := syncFS(cuts[0].Source); err != nil {
		return 0, err
	}
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		if err := openWindow(filepath.Dir(cuts[0].Target)); err != nil {
			return attempt, err
		}
		err := cutAtOnce(cuts)
		if err == nil {
			var together bool
			if together, err = sameTransaction(cuts); together {
				return attempt, nil
			}
		}
		for _, c := range cuts {
			err = errors.Join(err, DeleteSubvolume(c.Target))
		}
		if err != nil {
			return attempt, err
		}
	}
	return maxAttempts, ErrNotTogether
}

// openWindow makes it likely that cuts requested right afterwards meet in one transaction: it starts to commit
// the current one and does not wait for the end. The next transaction cannot be committed before that, but can be
// joined, so that the first cut has to wait and the others catch up.
func openWindow(dir string) error {
	// Without any change there would be nothing to commit.
	now := time.Now()
	if err := os.Chtimes(dir, now, now); err != nil {
		return err
	}
	var transaction uint64
	return on(dir, iocStartSync, unsafe.Pointer(&transaction))
}

func cutAtOnce(cuts []Cut) error {
	start := make(chan struct{})
	errs := make([]error, len(cuts))
	var done sync.WaitGroup
	for i, c := range cuts {
		done.Go(func() {
			<-start
			errs[i] = Snapshot(c.Source, c.Target, true)
		})
	}
	close(start)
	done.Wait()
	return errors.Join(errs...)
}

func sameTransaction(cuts []Cut) (bool, error) {
	var first uint64
	for i, c := range cuts {
		info, err := Inspect(c.Target)
		if err != nil {
			return false, err
		}
		if i == 0 {
			first = info.CreateTxn
		}
		if info.CreateTxn != first {
			return false, nil
		}
	}
	return true, nil
}

func syncFS(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return &fs.PathError{Op: "syncfs", Path: path, Err: err}
	}
	return nil
}
