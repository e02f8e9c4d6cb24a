package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// boot starts the init of a machine in new namespaces and waits until it has said on its standard output that it answers.
func boot(dir string) error {
	log, err := os.OpenFile(filepath.Join(dir, "machine.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	ready, readyForInit, err := os.Pipe()
	if err != nil {
		return err
	}
	init := exec.Command("/proc/self/exe", "init", dir)
	init.Stderr = log
	init.Stdout = log
	init.ExtraFiles = []*os.File{readyForInit}
	init.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		Setsid:     true,
	}
	if err := init.Start(); err != nil {
		return err
	}
	readyForInit.Close()
	if said, _ := io.ReadAll(ready); len(said) == 0 {
		return fmt.Errorf("its init ended; see %s", log.Name())
	}
	fmt.Println(init.Process.Pid)
	return init.Process.Release()
}
