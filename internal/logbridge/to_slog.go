package logbridge

import (
	"context"
	"log/slog"
	"slices"

	"github.com/hashicorp/go-hclog"
)

// ToSlog returns a logger that writes to l. A group becomes the beginning of a key:
// "group.key". ToHCLog of the result is l itself.
func ToSlog(l hclog.Logger) *slog.Logger { return slog.New(&slogHandler{log: l}) }

// slogHandler implements slog.Handler.
type slogHandler struct {
	log    hclog.Logger
	groups string // the open groups, each with a dot behind it
}

// Enabled implements slog.Handler.
func (h *slogHandler) Enabled(_ context.Context, level slog.Level) bool {
	least := h.log.GetLevel()
	return least != hclog.Off && toHCLogLevel(level) >= least
}

// Handle implements slog.Handler.
func (h *slogHandler) Handle(_ context.Context, r slog.Record) error {
	var args []any
	r.Attrs(func(a slog.Attr) bool {
		args = appendAttr(args, h.groups, a)
		return true
	})
	h.log.Log(toHCLogLevel(r.Level), r.Message, args...)
	return nil
}

// WithAttrs implements slog.Handler.
func (h *slogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var args []any
	for _, a := range attrs {
		args = appendAttr(args, h.groups, a)
	}
	return &slogHandler{log: h.log.With(slices.Clip(args)...), groups: h.groups}
}

// WithGroup implements slog.Handler.
func (h *slogHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &slogHandler{log: h.log, groups: h.groups + name + "."}
}

// appendAttr appends the key and the value of an attribute; a group is taken apart.
func appendAttr(args []any, prefix string, a slog.Attr) []any {
	value := a.Value.Resolve()
	if value.Kind() != slog.KindGroup {
		if a.Key == "" && value.Any() == nil {
			return args // an empty attribute is ignored, as slog demands
		}
		return append(args, prefix+a.Key, value.Any())
	}
	if a.Key != "" {
		prefix += a.Key + "."
	}
	for _, member := range value.Group() {
		args = appendAttr(args, prefix, member)
	}
	return args
}
