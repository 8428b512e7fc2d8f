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

// Patience bounds how long Start waits for the workers to be ready, and the end of
// the test for their end. It is long, because only a test that fails waits for it.
const Patience = 60 * time.Second

// Option changes the configuration with which Start makes the initiator.
type Option func(*initiator.Config)

// Only starts these worker definitions, and the definitions that they come after.
func Only(specs ...string) Option {
	return func(c *initiator.Config) { c.Only = specs }
}

// StateDir keeps the state in a directory of the test, so that a second Start finds
// what the first has left. Workers with on_initiator_exit = keep then outlive the
// initiator.
func StateDir(path string) Option {
	return func(c *initiator.Config) { c.StateDir = path }
}

// Start runs an initiator with the INI at path inside the test's own process, until
// the end of the test. It returns when every worker is ready, or has ended as it
// should. It fails the test when a worker does not come up: after three deaths in a
// row, or at once where waiting does not help. A test binary that is to be a worker
// itself, as ${initiator:self}, has a TestMain with Main.
func Start(t testing.TB, path string, options ...Option) *Initiator {
	t.Helper()
	started := Begin(t, path, options...)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if err := started.Ready(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return started
}

// StartText is Start with the text of an INI instead of its path.
func StartText(t testing.TB, ini string, options ...Option) *Initiator {
	t.Helper()
	return Start(t, writeINI(t, ini), options...)
}

// Begin is Start without the wait for the workers, for tests about workers that do
// not come up.
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
		c.Mortal = true // no worker may outlive the test
		c.StateDir = filepath.Join(t.TempDir(), "state")
	}
	in, err := initiator.New(c)
	if err != nil {
		t.Fatalf("start %s:\n%v", path, err)
	}
	if err := checkNoRecursion(in.Plan()); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	started := &Initiator{Initiator: in, run: &run{out: out, ended: make(chan struct{})}, t: t, goroutine: goroutineID()}
	ctx, cancel := context.WithCancel(context.Background())
	started.cancel = cancel
	go func() {
		defer close(started.ended)
		started.err = in.Run(ctx)
	}()
	t.Cleanup(started.endTest)
	select {
	case <-in.Listening():
	case <-started.ended:
		t.Fatalf("start %s: %v", path, started.err)
	}
	return started
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
