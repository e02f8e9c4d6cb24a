package driver

import (
	"context"

	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// registrar introduces the driver to the kubelet, which asks whatever listens in its registration directory.
type registrar struct {
	registration.UnimplementedRegistrationServer
	driver *Driver
	socket string
}

func (r *registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: "CSIPlugin", Name: r.driver.config.Name, Endpoint: r.socket, SupportedVersions: []string{"1.0.0"},
	}, nil
}

// NotifyRegistrationStatus only reports: the kubelet tries again by itself.
func (r *registrar) NotifyRegistrationStatus(_ context.Context, s *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if s.PluginRegistered {
		r.driver.log.Info("registered with the kubelet")
	} else {
		r.driver.log.Error("the kubelet refused the registration", "error", s.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}
