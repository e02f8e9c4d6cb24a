package pool

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
)

// Prefixes of ids. They are short because a loop device's label must hold the driver's name and an id.
const (
	VolumePrefix   = "v-"
	SnapshotPrefix = "s-"
	GroupPrefix    = "g-"
)

var idPattern = regexp.MustCompile(`^[vsg]-[0-9a-f]{16}$`)

// ID derives an id from a caller's name (and what else makes it unique). A repeated call therefore finds
// what the first one made, or left half made, without an index that could be lost.
func ID(prefix string, names ...string) string {
	hash := sha256.New()
	for _, name := range names {
		// A zero byte cannot be part of a name, so no two lists of names run together.
		hash.Write([]byte(name + "\x00"))
	}
	return prefix + hex.EncodeToString(hash.Sum(nil))[:16]
}

// ValidID says whether a string from outside has the form of an id. Only then may it become part of a path.
func ValidID(id string) bool { return idPattern.MatchString(id) }
