package logbridge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// What is written to slog is in hclog's output with its level, name, keys and values.
func TestToSlog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	to := hclog.New(&hclog.LoggerOptions{Name: "app", Output: &out, Level: hclog.Debug, DisableTime: true})
	l := ToSlog(to)
	for _, row := range []struct {
		log  func()
		want string
	}{
		{func() { l.Debug("a", "k", 1) }, "[DEBUG] app: a: k=1\n"},
		{func() { l.Info("a", "k", "two words") }, "[INFO]  app: a: k=\"two words\"\n"},
		{func() { l.Warn("a", "error", errors.New("no")) }, "[WARN]  app: a: error=no\n"},
		{func() { l.Error("a", slog.Group("g", "k", 1, slog.Group("h", "l", true))) }, "[ERROR] app: a: g.k=1 g.h.l=true\n"},
		{func() { l.With("a", 1).WithGroup("g").With("b", 2).Info("m", "c", 3) }, "[INFO]  app: m: a=1 g.b=2 g.c=3\n"},
		{func() { l.Info("a", slog.Attr{}) }, "[INFO]  app: a\n"},
		{func() { l.Log(context.Background(), slog.LevelWarn+1, "between") }, "[WARN]  app: between\n"},
		{func() { l.Log(context.Background(), LevelTrace, "below the level") }, ""},
	} {
		out.Reset()
		if row.log(); out.String() != row.want {
			t.Errorf("got %q, want %q", out.String(), row.want)
		}
	}
	if ToHCLog(l, hclog.Trace) != to {
		t.Error("the hclog logger of a slog logger of hclog is another")
	}
}

// What is written to hclog is in slog's output with its level, name, keys and values.
func TestToHCLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	to := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: LevelTrace, ReplaceAttr: withoutTime}))
	l := ToHCLog(to, hclog.Debug)
	named := l.Named("a").Named("b").With("w", 1)
	for _, row := range []struct {
		log  func()
		want string
	}{
		{func() { l.Trace("below the level") }, ""},
		{func() { l.Debug("a", "k", 1) }, "level=DEBUG msg=a k=1\n"},
		{func() { named.Info("m", "k", "two words") }, "level=INFO msg=m logger=a.b w=1 k=\"two words\"\n"},
		{func() { named.ResetNamed("c").Warn("m", "error", errors.New("no")) }, "level=WARN msg=m logger=c w=1 error=no\n"},
		{func() { l.Error("m", "alone") }, "level=ERROR msg=m EXTRA_VALUE_AT_END=alone\n"},
		{func() { l.Info("m", "f", hclog.Fmt("%d%%", 5), 7, hclog.Hex(255)) }, "level=INFO msg=m f=5% 7=0xff\n"},
		{func() { named.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Warn}).Print("line") }, "level=WARN msg=line logger=a.b w=1\n"},
	} {
		out.Reset()
		if row.log(); out.String() != row.want {
			t.Errorf("got %q, want %q", out.String(), row.want)
		}
	}
	if named.Name() != "a.b" || len(named.ImpliedArgs()) != 2 || named.IsTrace() || !named.IsDebug() {
		t.Errorf("%q %v", named.Name(), named.ImpliedArgs())
	}
	named.SetLevel(hclog.Error)
	out.Reset()
	if named.Warn("less than the level"); named.IsWarn() || out.Len() > 0 {
		t.Errorf("SetLevel has no effect: %s", strings.TrimSpace(out.String()))
	}
	named.SetLevel(hclog.Off)
	if named.Error("off"); named.IsError() || out.Len() > 0 {
		t.Error("off is not off")
	}
}
