package logbridge

import (
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// LevelTrace is hclog's Trace, for which slog has no name.
const LevelTrace = slog.LevelDebug - 4

// toSlogLevel returns the level of slog for a level of a message.
func toSlogLevel(l hclog.Level) slog.Level {
	switch l {
	case hclog.Trace:
		return LevelTrace
	case hclog.Debug:
		return slog.LevelDebug
	case hclog.Warn:
		return slog.LevelWarn
	case hclog.Error:
		return slog.LevelError
	case hclog.NoLevel, hclog.Info, hclog.Off:
	}
	return slog.LevelInfo
}

// toHCLogLevel returns the highest level of hclog that is not above l.
func toHCLogLevel(l slog.Level) hclog.Level {
	switch {
	case l >= slog.LevelError:
		return hclog.Error
	case l >= slog.LevelWarn:
		return hclog.Warn
	case l >= slog.LevelInfo:
		return hclog.Info
	case l >= slog.LevelDebug:
		return hclog.Debug
	}
	return hclog.Trace
}
