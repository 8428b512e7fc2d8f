package initiatortest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator"
)

// Patience bounds how long Start waits for the workers, and the end of the
// test for their end. It is generous: only a test that fails waits for it.
const Patience = 60 * time.Second

// Option changes how Start starts.
type Option func(*initiator.Config)

// Only starts these worker definitions, and what they come after.
func Only(specs ...string) Option {
	return func(c *initiator.Config) { c.Only = specs }
}

// StateDir keeps the state in a directory of the test's own choice, so that a
// second Start finds what the first has left.
func StateDir(path string) Option {
	return func(c *initiator.Config) { c.StateDir = path }
}

// Start runs the initiator of an INI inside the test's own process until the
// end of the test. It fails the test when a worker does not come up.
func Start(t testing.TB, path string, options ...Option) *Initiator {
	t.Helper()
	h := Begin(t, path, options...)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if err := h.Ready(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return h
}

// StartText is Start with the text of an INI instead of its path.
func StartText(t testing.TB, ini string, options ...Option) *Initiator {
	t.Helper()
	return Start(t, writeINI(t, ini), options...)
}

// Begin is Start without the wait: for tests about workers that do not come up.
func Begin(t testing.TB, path string, options ...Option) *Initiator {
	t.Helper()
	out := &output{}
	c := initiator.Config{Path: path, Logger: hclog.New(&hclog.LoggerOptions{
		Name: "initiator", Output: out, Level: hclog.Debug,
	})}
	for _, o := range options {
		o(&c)
	}
	if c.StateDir == "" {
		c.Mortal = true // nothing is to outlive the test
		c.StateDir = filepath.Join(t.TempDir(), "state")
	}
	in, err := initiator.New(c)
	if err != nil {
		t.Fatalf("start %s:\n%v", path, err)
	}
	h := &Initiator{Initiator: in, t: t, out: out, ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() {
		defer close(h.ended)
		h.err = in.Run(ctx)
	}()
	t.Cleanup(h.endTest)
	select {
	case <-in.Listening():
	case <-h.ended:
		t.Fatalf("start %s: %v", path, h.err)
	}
	return h
}

// BeginText is Begin with the text of an INI instead of its path.
func BeginText(t testing.TB, ini string, options ...Option) *Initiator {
	t.Helper()
	return Begin(t, writeINI(t, ini), options...)
}

func writeINI(t testing.TB, ini string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "initiator.ini")
	if err := os.WriteFile(path, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
