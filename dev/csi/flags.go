package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// pools is the value of a flag that is given once for each zone.
type pools map[string]string

func (p pools) String() string { return "" }

func (p pools) Set(value string) error {
	zone, dir, ok := strings.Cut(value, "=")
	if !ok || zone == "" || !filepath.IsAbs(dir) {
		return fmt.Errorf("must be zone=/directory")
	}
	if _, ok := p[zone]; ok {
		return fmt.Errorf("the zone %q has two pools", zone)
	}
	p[zone] = dir
	return nil
}

// size is a number of bytes with an optional binary unit, as in Kubernetes.
type size int64

var units = map[string]int64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}

func (s *size) String() string { return strconv.FormatInt(int64(*s), 10) }

func (s *size) Set(value string) error {
	unit := int64(1)
	for suffix, bytes := range units {
		if number, ok := strings.CutSuffix(value, suffix); ok {
			value, unit = number, bytes
			break
		}
	}
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil || number <= 0 || number > math.MaxInt64/unit {
		return fmt.Errorf("must be a number of bytes like 1073741824 or 20Gi")
	}
	*s = size(number * unit)
	return nil
}
