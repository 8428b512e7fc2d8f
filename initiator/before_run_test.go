package initiator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// waitingMethods are the methods of an initiator that wait for its loops.
var waitingMethods = map[string]func(context.Context, *initiator.Initiator) error{
	"Task": func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Task(ctx, uuid.Nil); return err },
	"Wait": func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Wait(ctx, uuid.Nil); return err },
	"List": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.List(ctx, task.Filter{})
		return err
	},
	"Cancel": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.Cancel(ctx, uuid.Nil, "")
		return err
	},
	"Retry": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.Retry(ctx, uuid.Nil)
		return err
	},
	"Counts":  func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Counts(ctx); return err },
	"Start":   func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Start(ctx, "all"); return err },
	"Stop":    func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Stop(ctx, "all"); return err },
	"Restart": func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Restart(ctx, "all"); return err },
	"Rolling": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.RestartRolling(ctx, "all")
		return err
	},
	"Scale":  func(ctx context.Context, in *initiator.Initiator) error { return in.Scale(ctx, "adder", 2) },
	"Signal": func(ctx context.Context, in *initiator.Initiator) error { return in.Signal(ctx, 1, "all") },
	"SignalTo": func(ctx context.Context, in *initiator.Initiator) error {
		return in.SignalTo(ctx, report.SignalMain, 1, "all")
	},
	"Clear":  func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Clear(ctx, "all"); return err },
	"Reopen": func(ctx context.Context, in *initiator.Initiator) error { return in.Reopen(ctx) },
	"Why":    func(ctx context.Context, in *initiator.Initiator) error { _, err := in.Why(ctx, "all"); return err },
	"Watch": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.Watch(ctx, uuid.Nil)
		return err
	},
	"WatchPool": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.WatchPool(ctx, "adder")
		return err
	},
}

// Before Run, and after a Run that failed, methods wait until ctx is done or return an
// error.
func TestMethodsBeforeRun(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	in, err := initiator.New(initiator.Config{Path: "../testdata/quickstart.ini", StateDir: state})
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ask := range waitingMethods {
		if err := ask(over, in); !errors.Is(err, context.Canceled) {
			t.Errorf("%s before Run: %v", name, err)
		}
	}
	if err := os.WriteFile(state, nil, 0o600); err != nil { // where a directory should be
		t.Fatal(err)
	}
	if err := in.Run(t.Context()); err == nil {
		t.Fatal("it ran")
	}
	for name, ask := range waitingMethods {
		if err := ask(t.Context(), in); err == nil {
			t.Errorf("%s after Run: no error", name)
		}
	}
}
