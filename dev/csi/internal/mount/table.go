// Package mount binds volumes to the paths that the kubelet wants them at.
package mount

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Entry is one line of the mount table.
type Entry struct {
	Target   string
	Root     string // the path inside the file system that is mounted
	Source   string
	ReadOnly bool // of this mount, not of the file system
}

// Table reads the mount table of this process's namespace.
func Table() ([]Entry, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parse(f)
}

// At returns what is mounted at a path, topmost first.
func At(target string) ([]Entry, error) {
	// The table has no symbolic links in it. The last part is no link, but may be missing.
	if parent, err := filepath.EvalSymlinks(filepath.Dir(target)); err == nil {
		target = filepath.Join(parent, filepath.Base(target))
	}
	table, err := Table()
	var found []Entry
	for _, e := range table {
		if e.Target == target {
			found = append([]Entry{e}, found...)
		}
	}
	return found, err
}

// parse reads lines like
//
//	36 35 98:0 /root /target rw,noatime master:1 - btrfs /dev/loop0 rw,space_cache
func parse(r io.Reader) ([]Entry, error) {
	var entries []Entry
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20) // overlay mounts of images with many layers are long
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) < 6 || len(right) < 2 {
			continue
		}
		entries = append(entries, Entry{
			Root:     unescape(left[3]),
			Target:   unescape(left[4]),
			ReadOnly: strings.Split(left[5], ",")[0] == "ro",
			Source:   unescape(right[1]),
		})
	}
	return entries, lines.Err()
}

// The kernel writes these characters in octal, because they end a field.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace
