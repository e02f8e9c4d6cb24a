package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
)

type process struct {
	Name string `json:"name"`
	// Pid is counted inside the machine.
	Pid     int  `json:"pid"`
	Running bool `json:"running"`
	// Ended says how: an exit status or a signal.
	Ended string `json:"ended,omitempty"`
}

type processes struct {
	mutex  sync.Mutex
	byName map[string]*process
}

func newProcesses() *processes {
	return &processes{byName: map[string]*process{}}
}

// start starts a process unless one of that name runs already.
func (p *processes) start(asked request) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if known, ok := p.byName[asked.Name]; ok && known.Running {
		return nil
	}
	log, err := os.OpenFile(asked.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// Not os/exec: its Wait and the reaping of orphans would take each other's children.
	pid, err := syscall.ForkExec(asked.Argv[0], asked.Argv, &syscall.ProcAttr{
		Dir:   "/",
		Env:   append(os.Environ(), asked.Env...),
		Files: []uintptr{uintptr(syscall.Stdin), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", asked.Name, err)
	}
	p.byName[asked.Name] = &process{Name: asked.Name, Pid: pid, Running: true}
	return nil
}

// reap collects every child that has ended, those that were orphaned in the machine included.
func (p *processes) reap() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		for _, known := range p.byName {
			if known.Pid == pid && known.Running {
				known.Running = false
				known.Ended = describe(status)
			}
		}
	}
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

func (p *processes) list() []process {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	all := make([]process, 0, len(p.byName))
	for _, known := range p.byName {
		all = append(all, *known)
	}
	slices.SortFunc(all, func(a, b process) int { return strings.Compare(a.Name, b.Name) })
	return all
}
