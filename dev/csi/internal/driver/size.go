package driver

import (
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	mebibyte = 1 << 20
	// Sizes are whole mebibytes, as with most storage; nothing smaller holds even the metadata.
	sizeStep    = mebibyte
	defaultSize = 1024 * mebibyte
)

// sizeFor picks a size in a range that is not below least, which is the size of the source or of the
// volume as it is. With nothing required it is fallback.
func sizeFor(wanted *csi.CapacityRange, least, fallback int64) (int64, error) {
	required, limit := wanted.GetRequiredBytes(), wanted.GetLimitBytes()
	if required < 0 || limit < 0 {
		return 0, status.Errorf(codes.OutOfRange, "a size cannot be negative: required is %d and the limit %d", required, limit)
	}
	if limit > 0 && limit < required {
		return 0, status.Errorf(codes.OutOfRange, "the limit of %d bytes is below the required %d", limit, required)
	}
	size := required
	if size == 0 {
		size = max(fallback, least)
		if limit > 0 {
			size = min(size, limit/sizeStep*sizeStep)
		}
	}
	size = max((size+sizeStep-1)/sizeStep, 1) * sizeStep
	if limit > 0 && size > limit {
		return 0, status.Errorf(codes.OutOfRange, "there is no multiple of %d bytes between %d and the limit of %d", sizeStep, required, limit)
	}
	if size < least {
		return 0, status.Errorf(codes.OutOfRange, "%d bytes are too few for the source's %d", size, least)
	}
	return size, nil
}
