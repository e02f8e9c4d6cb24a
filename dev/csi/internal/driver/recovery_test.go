package driver

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// What a process that is killed at each step of making a volume leaves on disk.
var halfMade = map[string]func(w *world, s *pool.Store, id string){
	"only a directory": func(w *world, s *pool.Store, id string) {
		w.must(os.MkdirAll(filepath.Dir(s.Volumes.Data(id)), 0o700))
	},
	"a temporary record": func(w *world, s *pool.Store, id string) {
		w.must(os.MkdirAll(filepath.Dir(s.Volumes.Data(id)), 0o700))
		w.write(filepath.Join(filepath.Dir(s.Volumes.Data(id)), ".tmp-1"), `{"id":`)
	},
	"a record": func(w *world, s *pool.Store, id string) {
		w.must(s.Volumes.Put(id, pool.Volume{ID: id, State: pool.Making, Size: 9 * gib}))
	},
	"a subvolume with content": func(w *world, s *pool.Store, id string) {
		w.must(s.Volumes.Put(id, pool.Volume{ID: id, State: pool.Making, Size: 9 * gib}))
		w.must(btrfs.CreateSubvolume(s.Volumes.Data(id)))
		w.write(s.Volumes.Data(id)+"/foreign", "x")
	},
}

func TestHalfMadeVolumeIsRedoneByTheNextCall(t *testing.T) {
	for name, leave := range halfMade {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			leave(w, w.stores[0], pool.ID(pool.VolumePrefix, "pvc"))
			volume := w.create("pvc", 64*mib) // no restart: also what a failed call leaves is redone
			if entries, err := os.ReadDir(w.publish(volume.VolumeId, "pod", false)); err != nil || len(entries) != 0 {
				t.Errorf("the new volume contains %v, %v", entries, err)
			}
		})
	}
}

func TestHalfMadeVolumeIsRemovedByARestart(t *testing.T) {
	for name, leave := range halfMade {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			leave(w, w.stores[0], pool.ID(pool.VolumePrefix, "pvc"))
			kept := w.create("kept", 64*mib).VolumeId
			w.restart()
			w.only("volumes", kept)
			w.create("large", 9*gib) // what was reserved is free again
		})
	}
}

// Another process of the cluster starts while the first is at work.
func TestRestartSparesWhatIsBeingMade(t *testing.T) {
	w := newWorld(t)
	id := pool.ID(pool.VolumePrefix, "pvc")
	halfMade["a subvolume with content"](w, w.stores[0], id)
	unlock, err := w.lock(id)
	w.must(err)
	w.restart()
	w.only("volumes", id)
	unlock()
	w.restart()
	w.only("volumes")
}

func TestHalfMadeAndHalfRemovedSnapshotsAndGroups(t *testing.T) {
	w := newWorld(t)
	s := w.stores[0]
	volume := w.create("pvc", 64*mib).VolumeId
	kept := w.snap("kept", volume, nil).SnapshotId
	group, member := pool.ID(pool.GroupPrefix, "group"), pool.ID(pool.SnapshotPrefix, pool.ID(pool.GroupPrefix, "group"), volume)
	leave := func() {
		id := pool.ID(pool.SnapshotPrefix, "snap")
		w.must(s.Snapshots.Put(id, pool.Snapshot{ID: id, State: pool.Making, Volume: volume}))
		w.must(btrfs.Snapshot(s.Volumes.Data(volume), s.Snapshots.Data(id), true))
		// All members are finished, the group is not.
		w.must(s.Groups.Put(group, pool.Group{ID: group, State: pool.Making, Members: []pool.Member{{Volume: volume, Snapshot: member}}}))
		w.must(s.Snapshots.Put(member, pool.Snapshot{ID: member, State: pool.Ready, Volume: volume, Group: group}))
		w.must(btrfs.Snapshot(s.Volumes.Data(volume), s.Snapshots.Data(member), true))
	}
	leave()
	rubbish := filepath.Join(filepath.Dir(filepath.Dir(s.Groups.Data(group))), "..", "trash", "v-1-x")
	w.must(os.MkdirAll(rubbish, 0o700))
	w.must(btrfs.CreateSubvolume(rubbish + "/data"))
	w.restart()
	w.only("snapshots", kept)
	w.only("groups")
	w.only("trash")

	leave()
	w.write(s.Volumes.Data(volume)+"/file", "new")
	for _, id := range []string{w.snap("snap", volume, nil).SnapshotId, w.mustGroup(volume).Snapshots[0].SnapshotId} {
		if got := w.read(s.Snapshots.Data(id) + "/file"); got != "new" {
			t.Errorf("the snapshot says %q", got)
		}
	}
}

// A killed expansion has the new size in its record and the old one in the volume.
func TestExpandFinishesWhatWasBegun(t *testing.T) {
	w := newWorld(t)
	id := w.create("pvc", 8*mib, block).VolumeId
	volume, _, err := w.stores[0].Volumes.Get(id)
	w.must(err)
	volume.Size = 16 * mib
	w.must(w.stores[0].Volumes.Put(id, volume))
	_, err = w.ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{
		VolumeId: id, CapacityRange: &csi.CapacityRange{RequiredBytes: 16 * mib},
	})
	w.must(err)
	if info, err := os.Stat(diskOf(w.stores[0], id)); err != nil || info.Size() != 16*mib {
		t.Errorf("the disk is %v, %v", info, err)
	}
}

// only checks which items are on disk, finished or not.
func (w *world) only(kind string, ids ...string) {
	w.t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.config.Pools["zone-a"], "holdfast-dev", w.config.Name, kind))
	w.must(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != len(ids) || len(ids) > 0 && names[0] != ids[0] {
		w.t.Errorf("%s are %v and should be %v", kind, names, ids)
	}
}
