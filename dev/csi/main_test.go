package main

import (
	"io"
	"strings"
	"testing"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
)

var complete = []string{"--node-id", "n", "--zone", "a", "--pool", "a=/pools/a", "--endpoint", "unix:///csi.sock"}

func TestParseReadsPoolsAndSizes(t *testing.T) {
	o, err := parse(append(complete, "--pool", "b=/pools/b", "--pool-capacity", "20Gi", "--snapshots=false"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c := o.config
	if c.Pools["a"] != "/pools/a" || c.Pools["b"] != "/pools/b" || c.Capacity != 20<<30 || c.Snapshots || c.Quota != btrfs.Exact {
		t.Errorf("parsed %+v", c)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for message, arguments := range map[string][]string{
		"the flag --endpoint is required": complete[:6],
		"must be zone=/directory":         append(complete, "--pool", "relative"),
		`the zone "a" has two pools`:      append(complete, "--pool", "a=/other"),
		"must be a number of bytes":       append(complete, "--pool-capacity", "9999999999Ti"),
		"must be exact, simple or off":    append(complete, "--quota", "on"),
		`unexpected argument "x"`:         append(complete, "x"),
	} {
		if _, err := parse(arguments, io.Discard); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("parse(%q): %v, not %q", arguments, err, message)
		}
	}
}
