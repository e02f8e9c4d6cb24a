package pool

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// FullError says that a pool has promised all it has.
type FullError struct {
	Zone            string
	Requested, Free int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the pool of zone %s has %d bytes left and %d were requested", e.Zone, e.Free, e.Requested)
}

// Free is how much can still be promised.
func (p *Pool) Free() (int64, error) {
	promised, err := p.promised("")
	return max(0, p.Capacity-promised), err
}

// Reserve calls commit, which must write the record of a volume with the size, if the pool has room for it.
func (p *Pool) Reserve(id string, size int64, commit func() error) error {
	unlock, _, err := lockByte(filepath.Join(p.root, "lock"), 0, true)
	if err != nil {
		return err
	}
	defer unlock()
	promised, err := p.promised(id)
	if err != nil {
		return err
	}
	if free := max(0, p.Capacity-promised); size > free {
		return &FullError{Zone: p.Zone, Requested: size, Free: free}
	}
	return commit()
}

// promised sums the sizes of the volumes of all drivers, finished or not, except one.
func (p *Pool) promised(except string) (int64, error) {
	records, err := filepath.Glob(filepath.Join(p.root, "*", "volumes", "*", recordFile))
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, record := range records {
		var volume Volume
		err := readJSON(record, &volume)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since
		}
		if err != nil {
			return 0, err
		}
		if volume.ID != except {
			sum += volume.Size
		}
	}
	return sum, nil
}
