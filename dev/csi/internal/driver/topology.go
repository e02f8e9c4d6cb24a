package driver

import (
	"cmp"
	"slices"

	"github.com/container-storage-interface/spec/lib/go/csi"
)

const (
	// ZoneKey is the label that the kubelet puts on a node for this driver.
	ZoneKey = "topology.csi.holdfast.dev/zone"
	// The well-known label is understood in requests, but not reported: it is the cluster's, not ours.
	wellKnownZoneKey = "topology.kubernetes.io/zone"
)

func topology(zone string) *csi.Topology {
	return &csi.Topology{Segments: map[string]string{ZoneKey: zone}}
}

// zoneOf returns the zone that a topology names. Segments of other keys say nothing to us.
func zoneOf(t *csi.Topology) (string, bool) {
	if zone, ok := t.GetSegments()[ZoneKey]; ok {
		return zone, true
	}
	zone, ok := t.GetSegments()[wellKnownZoneKey]
	return zone, ok
}

// zonesFor returns the zones that a requirement allows, the preferred ones first. With no requirement it
// is all that have a pool, the one with most space first.
func (d *Driver) zonesFor(requirement *csi.TopologyRequirement) ([]string, error) {
	var zones []string
	seen := map[string]bool{}
	for _, t := range append(requirement.GetPreferred(), requirement.GetRequisite()...) {
		if zone, ok := zoneOf(t); ok && !seen[zone] {
			seen[zone] = true
			zones = append(zones, zone)
		}
	}
	if len(zones) > 0 || len(requirement.GetRequisite()) > 0 {
		return zones, nil
	}
	return d.zonesBySpace()
}

func (d *Driver) zonesBySpace() ([]string, error) {
	var zones []string
	free := map[string]int64{}
	for _, s := range d.stores {
		space, err := s.Free()
		if err != nil {
			return nil, internal("read the free capacity", err)
		}
		free[s.Zone] = space
		zones = append(zones, s.Zone)
	}
	slices.SortStableFunc(zones, func(a, b string) int { return cmp.Compare(free[b], free[a]) })
	return zones, nil
}
