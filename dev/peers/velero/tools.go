//go:build tools

// Package tools names the programs that this module pins, so that their
// versions and sums lie in go.mod and go.sum.
package tools

import (
	_ "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws"
	_ "github.com/vmware-tanzu/velero/cmd/velero"
)
