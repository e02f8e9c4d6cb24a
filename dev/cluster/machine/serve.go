package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// readyPipe is the descriptor on which boot waits.
const readyPipe = 3

// A request is one line of JSON on a connection; the reply is one line too.
type request struct {
	// Do is "start" or "list".
	Do string `json:"do"`
	// Name, Argv, Env and Log are those of the process to start. A name is unique among running processes.
	Name string   `json:"name"`
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	Log  string   `json:"log"`
}

type reply struct {
	Error     string    `json:"error,omitempty"`
	Processes []process `json:"processes"`
}

// serve is process 1 of the machine: it prepares the namespaces, starts what it is asked to start, and reaps every orphan.
func serve(dir string) error {
	if os.Getpid() != 1 {
		return errors.New("init has to be process 1")
	}
	if err := prepareMounts(dir); err != nil {
		return err
	}
	socket := filepath.Join(dir, "machine.sock")
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return err
	}
	processes := newProcesses()
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	go func() {
		for range children {
			processes.reap()
		}
	}()
	ready := os.NewFile(readyPipe, "ready")
	fmt.Fprintln(ready, "ready")
	ready.Close()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(connection, processes)
	}
}

func answer(connection net.Conn, processes *processes) {
	defer connection.Close()
	var asked request
	// The whole line, its end included: who closes a connection with anything unread in it resets it, and the reply is lost.
	line, err := bufio.NewReader(connection).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &asked) != nil {
		return
	}
	switch asked.Do {
	case "start":
		err = processes.start(asked)
	case "list":
	default:
		err = fmt.Errorf("unknown request %q", asked.Do)
	}
	answered := reply{Processes: processes.list()}
	if err != nil {
		answered.Error = err.Error()
	}
	_ = json.NewEncoder(connection).Encode(answered) // whoever asked may be gone
}
