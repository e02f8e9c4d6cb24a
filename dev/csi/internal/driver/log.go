package driver

import (
	"context"
	"log/slog"
	"path"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// logCalls writes one line per call. It takes single harmless fields from a request and never the request itself,
// which may contain secrets.
func logCalls(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		start := time.Now()
		response, err := handler(ctx, request)
		line := []any{"call", path.Base(info.FullMethod), "took", time.Since(start).Round(10 * time.Microsecond), "code", status.Code(err).String()}
		line = append(line, subject(request)...)
		if err == nil {
			log.Log(ctx, levelOf(info.FullMethod), "answered", line...)
		} else {
			log.Error("refused", append(line, "error", status.Convert(err).Message())...)
		}
		return response, err
	}
}

// Calls that are repeated for ever would drown the others.
func levelOf(method string) slog.Level {
	switch path.Base(method) {
	case "Probe", "GetPluginInfo", "GetPluginCapabilities", "GetCapacity", "ListVolumes", "ListSnapshots",
		"NodeGetVolumeStats", "NodeGetCapabilities", "ControllerGetCapabilities", "GroupControllerGetCapabilities":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// subject says what a call is about.
func subject(request any) []any {
	var fields []any
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, name, value)
		}
	}
	if r, ok := request.(interface{ GetName() string }); ok {
		add("name", r.GetName())
	}
	if r, ok := request.(interface{ GetVolumeId() string }); ok {
		add("volume", r.GetVolumeId())
	}
	if r, ok := request.(interface{ GetSourceVolumeId() string }); ok {
		add("volume", r.GetSourceVolumeId())
	}
	if r, ok := request.(interface{ GetSnapshotId() string }); ok {
		add("snapshot", r.GetSnapshotId())
	}
	if r, ok := request.(interface{ GetGroupSnapshotId() string }); ok {
		add("group", r.GetGroupSnapshotId())
	}
	if r, ok := request.(interface{ GetTargetPath() string }); ok {
		add("target", r.GetTargetPath())
	}
	return fields
}
