// Command csi-driver is a storage driver for development clusters, over btrfs file systems that are mounted already.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"holdfast.dev/holdfast/dev/csi/internal/btrfs"
	"holdfast.dev/holdfast/dev/csi/internal/driver"
)

const version = "0.1.0"

// What the command line can be wrong in, as opposed to what can fail.
const exitUsage = 2

type options struct {
	config          driver.Config
	endpoint        string
	registrationDir string
	logLevel        slog.Level
}

func main() {
	o, err := parse(os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "csi-driver: %v\n", err)
		os.Exit(exitUsage)
	}
	if err := run(o); err != nil {
		fmt.Fprintf(os.Stderr, "csi-driver: %v\n", err)
		os.Exit(1)
	}
}

func parse(arguments []string, output io.Writer) (options, error) {
	o := options{config: driver.Config{Pools: map[string]string{}, Version: version}}
	flags := flag.NewFlagSet("csi-driver", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are ours to print, once
	flags.StringVar(&o.config.Name, "driver", "btrfs.csi.holdfast.dev", "`name` of the CSI driver")
	flags.StringVar(&o.config.Node, "node-id", "", "`name` of the Kubernetes node")
	flags.StringVar(&o.config.Zone, "zone", "", "`zone` of the node")
	flags.Var(pools(o.config.Pools), "pool", "`zone=directory` of a mounted btrfs file system; once for each zone")
	flags.Var((*size)(&o.config.Capacity), "pool-capacity", "how much a pool promises to volumes, for example 20Gi (default: the `size` of its file system)")
	quota := flags.String("quota", string(btrfs.Exact), "how volumes are held to their size: exact, simple or off")
	flags.BoolVar(&o.config.Snapshots, "snapshots", true, "offer snapshots, group snapshots and clones")
	flags.StringVar(&o.endpoint, "endpoint", "", "`unix:///path` of the socket to serve at")
	flags.StringVar(&o.registrationDir, "kubelet-registration-dir", "", "the kubelet's plugins_registry `directory`; without it there is no registration")
	flags.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "least `level` of log lines")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(output)
			flags.PrintDefaults()
		}
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for name, value := range map[string]string{"node-id": o.config.Node, "zone": o.config.Zone, "endpoint": o.endpoint} {
		if value == "" {
			return o, fmt.Errorf("the flag --%s is required", name)
		}
	}
	switch o.config.Quota = btrfs.Mode(*quota); o.config.Quota {
	case btrfs.Exact, btrfs.Simple, btrfs.Off:
	default:
		return o, fmt.Errorf("the flag --quota must be exact, simple or off: it is %q", *quota)
	}
	return o, nil
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: o.logLevel}))
	if _, err := os.Stat(o.registrationDir); o.registrationDir != "" && errors.Is(err, fs.ErrNotExist) {
		log.Warn("there is no registration directory, so that no kubelet will know of the driver", "directory", o.registrationDir)
		o.registrationDir = ""
	}
	d, err := driver.New(o.config, log)
	if err != nil {
		return err
	}
	return d.Serve(ctx, o.endpoint, o.registrationDir)
}
