// A machine is what a cluster runs on: an init process with process, mount and network namespaces of its own. Ending the init ends
// every process in it; with them go the mounts, the network links and the firewall tables, so that nothing can stay behind.
//
//	machine boot DIR   starts a machine, prints the process id of its init, and returns when it answers on DIR/machine.sock
//	machine init DIR   is that init; not called by hand
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 || (os.Args[1] != "boot" && os.Args[1] != "init") {
		fmt.Fprintln(os.Stderr, "Usage: machine boot DIR")
		os.Exit(2)
	}
	run := boot
	if os.Args[1] == "init" {
		run = serve
	}
	if err := run(os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot %s machine: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
