//go:build tools

// Package tools names the programs that this module pins, so that their
// versions and sums lie in go.mod and go.sum.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
