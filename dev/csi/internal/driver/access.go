package driver

import (
	"github.com/container-storage-interface/spec/lib/go/csi"

	"holdfast.dev/holdfast/dev/csi/internal/mount"
)

type accessMode = csi.VolumeCapability_AccessMode_Mode

// The nodes of a cluster share one machine, so reading from several would work; writing from several would
// work as well, but no storage of the kind that this driver stands for can do it, so it is refused.
var readOnlyMode = map[accessMode]bool{
	csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER:        false,
	csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER: false,
	csi.VolumeCapability_AccessMode_SINGLE_NODE_MULTI_WRITER:  false,
	csi.VolumeCapability_AccessMode_SINGLE_NODE_READER_ONLY:   true,
	csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY:    true,
}

// checkCapabilities says whether the ways to use a volume make sense together, and whether it is a block volume.
func checkCapabilities(capabilities []*csi.VolumeCapability) (block bool, err error) {
	if len(capabilities) == 0 {
		return false, invalid("no volume capability was given")
	}
	for i, c := range capabilities {
		if err := checkCapability(c); err != nil {
			return false, err
		}
		if isBlock := c.GetBlock() != nil; i > 0 && isBlock != block {
			return false, invalid("a volume cannot be a block volume and a file system at the same time")
		}
		block = c.GetBlock() != nil
	}
	return block, nil
}

func checkCapability(c *csi.VolumeCapability) error {
	if c.GetBlock() == nil && c.GetMount() == nil {
		return invalid("the volume capability names neither block nor mount")
	}
	mode := c.GetAccessMode().GetMode()
	if _, ok := readOnlyMode[mode]; !ok {
		return invalid("the access mode %s is not supported: a volume has one writing node", mode)
	}
	if kind := c.GetMount().GetFsType(); kind != "" && kind != "btrfs" {
		return invalid("the file system %q is not supported: leave fsType empty", kind)
	}
	for _, option := range c.GetMount().GetMountFlags() {
		if _, ok := mount.Options[option]; !ok {
			return invalid("the mount option %q is not supported", option)
		}
	}
	return nil
}
