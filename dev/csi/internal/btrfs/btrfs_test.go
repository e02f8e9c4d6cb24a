package btrfs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/testpool"
)

func TestMain(m *testing.M) { testpool.Main(m) }

const gib = 1 << 30

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLimitEndsAVolumeAndReadUsageTellsSo(t *testing.T) {
	for _, mode := range []btrfs.Mode{btrfs.Exact, btrfs.Simple} {
		t.Run(string(mode), func(t *testing.T) {
			dir := testpool.New(t, gib)
			check(t, btrfs.EnableQuota(dir, mode))
			check(t, btrfs.EnableQuota(dir, mode)) // another process of the cluster
			volume := filepath.Join(dir, "volume")
			check(t, btrfs.CreateSubvolume(volume))
			check(t, btrfs.Limit(volume, 32<<20))
			err := os.WriteFile(filepath.Join(volume, "file"), make([]byte, 64<<20), 0o600)
			if !errors.Is(err, unix.EDQUOT) && !errors.Is(err, unix.ENOSPC) {
				t.Fatalf("write 64 MiB into 32 MiB: %v", err)
			}
			usage, err := btrfs.ReadUsage(volume)
			if err != nil || usage.Limit != 32<<20 || usage.Used < 30<<20 || usage.Used > 32<<20 {
				t.Errorf("ReadUsage: %+v, %v", usage, err)
			}
		})
	}
}

func TestExactQuotaCountsWhatARestoredVolumeRefersTo(t *testing.T) {
	dir := testpool.New(t, gib)
	check(t, btrfs.EnableQuota(dir, btrfs.Exact))
	volume, restored := filepath.Join(dir, "volume"), filepath.Join(dir, "restored")
	check(t, btrfs.CreateSubvolume(volume))
	check(t, os.WriteFile(filepath.Join(volume, "file"), make([]byte, 20<<20), 0o600))
	check(t, btrfs.Snapshot(volume, restored, false))
	usage, err := btrfs.ReadUsage(restored)
	if err != nil || usage.Used < 20<<20 {
		t.Errorf("a volume restored from 20 MiB uses %+v, %v", usage, err)
	}
}

func TestReadUsageWithoutQuotaSaysSo(t *testing.T) {
	dir := testpool.New(t, gib)
	check(t, btrfs.CreateSubvolume(filepath.Join(dir, "volume")))
	if _, err := btrfs.ReadUsage(filepath.Join(dir, "volume")); !errors.Is(err, btrfs.ErrNoQuota) {
		t.Errorf("ReadUsage: %v", err)
	}
	if err := btrfs.Limit(filepath.Join(dir, "volume"), gib); !errors.Is(err, btrfs.ErrNoQuota) {
		t.Errorf("Limit: %v", err)
	}
}

func TestDeleteSubvolumeIsRepeatableAndSparesDirectories(t *testing.T) {
	dir := testpool.New(t, gib)
	volume, plain := filepath.Join(dir, "volume"), filepath.Join(dir, "plain")
	check(t, btrfs.CreateSubvolume(volume))
	check(t, os.Mkdir(plain, 0o700))
	for range 2 {
		check(t, btrfs.DeleteSubvolume(volume))
		check(t, btrfs.DeleteSubvolume(plain))
	}
	if _, err := os.Stat(volume); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the subvolume is still there: %v", err)
	}
	if _, err := os.Stat(plain); err != nil {
		t.Error(err)
	}
}

// A writer puts a number into one member, syncs it, then into the next. At any one moment the numbers descend
// by at most one along the members. Snapshots that are cut one after another break this within a few rounds.
func TestSnapshotTogetherIsOneMoment(t *testing.T) {
	const members, rounds = 4, 30
	dir := testpool.New(t, gib)
	check(t, btrfs.EnableQuota(dir, btrfs.Exact))
	for i := range members {
		check(t, btrfs.CreateSubvolume(filepath.Join(dir, fmt.Sprint("volume", i))))
	}
	stop, stopped := make(chan struct{}), make(chan error)
	go func() { stopped <- writeInTurn(dir, members, stop) }()
	t.Cleanup(func() {
		close(stop)
		check(t, <-stopped)
	})

	attempts := map[int]int{}
	var longest time.Duration
	for round := range rounds {
		var cuts []btrfs.Cut
		for i := range members {
			target := filepath.Join(dir, fmt.Sprintf("cut%d-%d", round, i))
			check(t, os.Mkdir(target, 0o700))
			cuts = append(cuts, btrfs.Cut{Source: filepath.Join(dir, fmt.Sprint("volume", i)), Target: filepath.Join(target, "data")})
		}
		start := time.Now()
		n, err := btrfs.SnapshotTogether(cuts)
		check(t, err)
		longest = max(longest, time.Since(start))
		attempts[n]++
		first, err := btrfs.Inspect(cuts[0].Target)
		check(t, err)
		var numbers []int
		for _, c := range cuts {
			info, err := btrfs.Inspect(c.Target)
			check(t, err)
			if info.CreateTxn != first.CreateTxn {
				t.Errorf("round %d: cut in the transactions %d and %d", round, first.CreateTxn, info.CreateTxn)
			}
			numbers = append(numbers, number(t, c.Target))
		}
		for i := 1; i < members; i++ {
			if numbers[i] > numbers[i-1] || numbers[0]-numbers[i] > 1 {
				t.Errorf("round %d: members show %v, which never was", round, numbers)
				break
			}
		}
	}
	t.Logf("groups of %d by number of attempts: %v; the longest took %v", members, attempts, longest)
}

func writeInTurn(dir string, members int, stop chan struct{}) error {
	for n := 1; ; n++ {
		for i := range members {
			f, err := os.OpenFile(filepath.Join(dir, fmt.Sprint("volume", i), "number"), os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			_, err = f.WriteAt(fmt.Appendf(nil, "%8d", n), 0)
			if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
				return err
			}
		}
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

func number(t *testing.T, dir string) int {
	content, err := os.ReadFile(filepath.Join(dir, "number"))
	if errors.Is(err, os.ErrNotExist) || err == nil && len(content) == 0 {
		return 0 // before the first number
	}
	check(t, err)
	var n int
	if _, err := fmt.Sscan(string(content), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
