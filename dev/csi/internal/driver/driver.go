// Package driver answers the calls of the Container Storage Interface.
package driver

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/loopdev"
	"holdfast.dev/holdfast/dev/csi/internal/pool"
)

// Config is what the command line says.
type Config struct {
	Name string
	Node string
	Zone string
	// Pools maps zones to directories.
	Pools    map[string]string
	Capacity int64
	Quota    btrfs.Mode
	// Snapshots turns on snapshots, groups of them, and clones.
	Snapshots bool
	Version   string
}

// Driver is the whole of it: all services in one process.
type Driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedGroupControllerServer
	csi.UnimplementedNodeServer

	config Config
	stores []*pool.Store // by zone, so that all processes agree on the order
	log    *slog.Logger
	now    func() time.Time
}

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

// New opens the pools and removes what a killed process left half made.
func New(config Config, log *slog.Logger) (*Driver, error) {
	if !namePattern.MatchString(config.Name) {
		return nil, fmt.Errorf("the driver name %q is not a lower-case DNS name of at most 63 characters", config.Name)
	}
	if label := loopLabel(config.Name, pool.ID(pool.VolumePrefix, "")); len(label) > loopdev.MaxLabel {
		return nil, fmt.Errorf("the driver name %q is too long for the labels of its loop devices, by %d characters",
			config.Name, len(label)-loopdev.MaxLabel)
	}
	if _, ok := config.Pools[config.Zone]; !ok {
		return nil, fmt.Errorf("no pool was given for the node's own zone %q", config.Zone)
	}
	d := &Driver{config: config, log: log, now: time.Now}
	for zone, dir := range config.Pools {
		p, noQuota, err := pool.Open(zone, dir, config.Capacity, config.Quota)
		if err != nil {
			return nil, err
		}
		if noQuota != nil {
			log.Warn("this pool cannot hold file-system volumes to their size", "zone", zone, "error", noQuota)
		}
		store, err := p.Store(config.Name)
		if err != nil {
			return nil, err
		}
		d.stores = append(d.stores, store)
	}
	slices.SortFunc(d.stores, func(a, b *pool.Store) int { return strings.Compare(a.Zone, b.Zone) })
	for _, s := range d.stores {
		if err := s.Sweep(d.stores[0]); err != nil {
			log.Warn("some leftovers of an earlier process remain", "zone", s.Zone, "error", err)
		}
	}
	return d, nil
}

// lock serialises all work on one id, in whatever pool and process.
func (d *Driver) lock(id string) (unlock func(), err error) { return d.stores[0].Lock(id) }

func (d *Driver) store(zone string) *pool.Store {
	for _, s := range d.stores {
		if s.Zone == zone {
			return s
		}
	}
	return nil
}

// requireSnapshots refuses the calls of a driver that was started without them.
func (d *Driver) requireSnapshots() error {
	if !d.config.Snapshots {
		return status.Errorf(codes.Unimplemented, "the driver %s has no snapshots", d.config.Name)
	}
	return nil
}

// internal hides no cause, but gives it a code. Errors of the layers below name paths, never secrets.
func internal(action string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.Errorf(codes.Internal, "cannot %s: %v", action, err)
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}
