module holdfast.dev/holdfast/dev/cluster/machine

go 1.26

require golang.org/x/sys v0.36.0
