// The control plane of the oldest Kubernetes that Holdfast supports, as one binary: the first argument picks the component.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var daemons = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
}

func main() {
	if len(os.Args) > 1 {
		os.Args = os.Args[1:]
		if daemon, ok := daemons[os.Args[0]]; ok {
			os.Exit(cli.Run(daemon()))
		}
	}
	fmt.Fprintln(os.Stderr, "Usage: kubernetes kube-apiserver|kube-controller-manager [FLAG...]")
	os.Exit(2)
}
