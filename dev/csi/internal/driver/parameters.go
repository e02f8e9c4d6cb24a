package driver

import (
	"strconv"
	"strings"
	"time"
)

// Parameters of classes.
const (
	// readyAfter delays the readiness of a snapshot, not its cut, like storage that copies in the background.
	readyAfter = "readyAfterSeconds"
	// tenantSecret: "required" makes the driver demand a secret with the key tenant, and keeps tenants apart.
	tenantSecret = "tenantSecret"

	// What the sidecars add to say what a volume or snapshot is for.
	kubernetesPrefix = "csi.storage.k8s.io/"

	longestDelay = 7 * 24 * time.Hour
)

type parameters struct {
	kubernetes     map[string]string
	tenantRequired bool
	readyAfter     time.Duration
}

// parseParameters accepts only what it knows: a misspelled parameter must not be ignored silently.
func parseParameters(given map[string]string, allowed ...string) (parameters, error) {
	var p parameters
	known := map[string]bool{}
	for _, a := range allowed {
		known[a] = true
	}
	for key, value := range given {
		name, isKubernetes := strings.CutPrefix(key, kubernetesPrefix)
		switch {
		case isKubernetes:
			if p.kubernetes == nil {
				p.kubernetes = map[string]string{}
			}
			p.kubernetes[name] = value
		case !known[key]:
			return p, invalid("the parameter %q is not known here: known are %s", key, strings.Join(allowed, ", "))
		case key == tenantSecret:
			if value != "required" {
				return p, invalid("the parameter %s must be \"required\": it is %q", tenantSecret, value)
			}
			p.tenantRequired = true
		case key == readyAfter:
			seconds, err := strconv.Atoi(value)
			if err != nil || seconds < 0 || seconds > int(longestDelay/time.Second) {
				return p, invalid("the parameter %s must be a whole number of seconds up to a week: it is %q", readyAfter, value)
			}
			p.readyAfter = time.Duration(seconds) * time.Second
		}
	}
	return p, nil
}
