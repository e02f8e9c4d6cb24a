package mount

import (
	"strings"
	"testing"
)

func TestParseReadsRootTargetAndReadOnly(t *testing.T) {
	const table = `36 35 98:0 /volumes/v-1/data /pods/a\040b rw,noatime master:1 shared:2 - btrfs /dev/loop0 rw,subvol=/
37 35 0:5 /loop3 /pods/block ro - devtmpfs devtmpfs rw
broken
`
	got, err := parse(strings.NewReader(table))
	want := []Entry{
		{Target: "/pods/a b", Root: "/volumes/v-1/data", Source: "/dev/loop0"},
		{Target: "/pods/block", Root: "/loop3", Source: "devtmpfs", ReadOnly: true},
	}
	if err != nil || len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("parse: %+v, %v; want %+v", got, err, want)
	}
}
