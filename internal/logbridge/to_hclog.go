package logbridge

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// nameKey is the attribute with the name of an hclog logger.
const nameKey = "logger"

// ToHCLog returns a logger that writes to l the messages of level and above, and those
// alone that l is enabled for.
func ToHCLog(l *slog.Logger, level hclog.Level) hclog.Logger {
	if h, ok := l.Handler().(*slogHandler); ok && h.groups == "" && h.log.GetLevel() >= level {
		return h.log
	}
	least := &atomic.Int32{}
	least.Store(int32(level))
	return &hcLogger{to: l.Handler(), least: least}
}

// hcLogger implements hclog.Logger.
type hcLogger struct {
	to    slog.Handler
	least *atomic.Int32 // an hclog.Level, which loggers made of this logger share
	name  string
	with  []any
}

// Log implements hclog.Logger.
func (l *hcLogger) Log(level hclog.Level, msg string, args ...any) {
	if !l.enabled(level) {
		return
	}
	r := slog.NewRecord(time.Now(), toSlogLevel(level), msg, 0)
	if l.name != "" {
		r.AddAttrs(slog.String(nameKey, l.name))
	}
	addPairs(&r, l.with)
	addPairs(&r, args)
	_ = l.to.Handle(context.Background(), r) // as in slog, an error has no receiver
}

// addPairs adds keys and values. A key without a value is kept as hclog keeps it.
func addPairs(r *slog.Record, args []any) {
	for ; len(args) > 1; args = args[2:] {
		key, ok := args[0].(string)
		if !ok {
			key = fmt.Sprint(args[0])
		}
		r.AddAttrs(slog.Any(key, plainValue(args[1])))
	}
	if len(args) == 1 {
		r.AddAttrs(slog.Any(hclog.MissingKey, plainValue(args[0])))
	}
}

// plainValue formats the values that only hclog knows.
func plainValue(v any) any {
	switch v := v.(type) {
	case hclog.Format:
		if len(v) == 0 {
			return ""
		}
		return fmt.Sprintf(fmt.Sprint(v[0]), v[1:]...)
	case hclog.Hex:
		return fmt.Sprintf("%#x", int(v))
	case hclog.Octal:
		return fmt.Sprintf("%#o", int(v))
	case hclog.Binary:
		return fmt.Sprintf("%#b", int(v))
	case hclog.Quote:
		return string(v)
	}
	return v
}

func (l *hcLogger) enabled(level hclog.Level) bool {
	least := l.GetLevel()
	return least != hclog.Off && level >= least && l.to.Enabled(context.Background(), toSlogLevel(level))
}

// The methods for each level implement hclog.Logger.

func (l *hcLogger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l *hcLogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l *hcLogger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l *hcLogger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l *hcLogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }
func (l *hcLogger) IsTrace() bool                 { return l.enabled(hclog.Trace) }
func (l *hcLogger) IsDebug() bool                 { return l.enabled(hclog.Debug) }
func (l *hcLogger) IsInfo() bool                  { return l.enabled(hclog.Info) }
func (l *hcLogger) IsWarn() bool                  { return l.enabled(hclog.Warn) }
func (l *hcLogger) IsError() bool                 { return l.enabled(hclog.Error) }

// ImpliedArgs implements hclog.Logger.
func (l *hcLogger) ImpliedArgs() []any { return slices.Clone(l.with) }

// With implements hclog.Logger.
func (l *hcLogger) With(args ...any) hclog.Logger {
	more := *l
	more.with = slices.Concat(l.with, args)
	return &more
}

// Name implements hclog.Logger.
func (l *hcLogger) Name() string { return l.name }

// Named implements hclog.Logger.
func (l *hcLogger) Named(name string) hclog.Logger {
	if l.name != "" {
		name = l.name + "." + name
	}
	return l.ResetNamed(name)
}

// ResetNamed implements hclog.Logger.
func (l *hcLogger) ResetNamed(name string) hclog.Logger {
	other := *l
	other.name = name
	return &other
}

// SetLevel implements hclog.Logger.
func (l *hcLogger) SetLevel(level hclog.Level) { l.least.Store(int32(level)) }

// GetLevel implements hclog.Logger.
func (l *hcLogger) GetLevel() hclog.Level { return hclog.Level(l.least.Load()) }

// StandardLogger implements hclog.Logger.
func (l *hcLogger) StandardLogger(o *hclog.StandardLoggerOptions) *log.Logger {
	return log.New(l.StandardWriter(o), "", 0)
}

// StandardWriter implements hclog.Logger. Every line is a message of the forced level,
// else of info.
func (l *hcLogger) StandardWriter(o *hclog.StandardLoggerOptions) io.Writer {
	level := hclog.Info
	if o != nil && o.ForceLevel != hclog.NoLevel {
		level = o.ForceLevel
	}
	return slog.NewLogLogger(l.withContext(), toSlogLevel(level)).Writer()
}

// withContext returns the handler with the name and the pairs of this logger.
func (l *hcLogger) withContext() slog.Handler {
	var r slog.Record
	if l.name != "" {
		r.AddAttrs(slog.String(nameKey, l.name))
	}
	addPairs(&r, l.with)
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	return l.to.WithAttrs(attrs)
}
