package driver

import (
	"context"

	"github.com/container-storage-interface/spec/lib/go/csi"
)

func (d *Driver) ValidateVolumeCapabilities(_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if request.GetVolumeId() == "" {
		return nil, invalid("the volume id is missing")
	}
	if len(request.GetVolumeCapabilities()) == 0 {
		return nil, invalid("no volume capability was given")
	}
	_, volume, err := d.volume(request.GetVolumeId())
	if err != nil {
		return nil, err
	}
	// A capability that we do not have is an answer to this question, not an error.
	block, err := checkCapabilities(request.GetVolumeCapabilities())
	if err != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: err.Error()}, nil
	}
	if block != volume.Block {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: "the volume is of the other kind (block or file system)"}, nil
	}
	if _, err := parseParameters(request.GetParameters(), tenantSecret); err != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: err.Error()}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeContext:      request.GetVolumeContext(),
		VolumeCapabilities: request.GetVolumeCapabilities(),
		Parameters:         request.GetParameters(),
	}}, nil
}
