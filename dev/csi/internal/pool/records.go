package pool

import "time"

// State says how far the making of something got. Nothing but Ready is ever shown to a caller.
type State string

const (
	// Making is written before the first step. Whoever finds it later, with nobody at work on it, removes
	// what is there: no caller was ever told of it.
	Making State = "making"
	// Ready is written after the last step.
	Ready State = "ready"
)

// Volume is the record of a volume.
type Volume struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	State   State     `json:"state"`
	Created time.Time `json:"created"`
	Size    int64     `json:"size"`
	Block   bool      `json:"block,omitempty"`
	// Source is the id of the snapshot or volume that it was made from.
	Source string  `json:"source,omitempty"`
	Tenant *Tenant `json:"tenant,omitempty"`
	// Kubernetes names the objects that it was made for; only for people who look around in a pool.
	Kubernetes map[string]string `json:"kubernetes,omitempty"`
}

// Snapshot is the record of a snapshot.
type Snapshot struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	State      State             `json:"state"`
	Volume     string            `json:"volume"`
	Group      string            `json:"group,omitempty"`
	Size       int64             `json:"size"`
	Block      bool              `json:"block,omitempty"`
	Cut        time.Time         `json:"cut"`
	ReadyAt    time.Time         `json:"readyAt"`
	Tenant     *Tenant           `json:"tenant,omitempty"`
	Kubernetes map[string]string `json:"kubernetes,omitempty"`
}

// Group is the record of a group snapshot.
type Group struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	State      State             `json:"state"`
	Members    []Member          `json:"members"`
	Cut        time.Time         `json:"cut"`
	ReadyAt    time.Time         `json:"readyAt"`
	Kubernetes map[string]string `json:"kubernetes,omitempty"`
}

// Member is a volume of a group and its snapshot.
type Member struct {
	Volume   string `json:"volume"`
	Snapshot string `json:"snapshot"`
}

// Tenant recognises the secret of an owner without containing it.
type Tenant struct {
	Salt   string `json:"salt"`
	Digest string `json:"digest"`
}
