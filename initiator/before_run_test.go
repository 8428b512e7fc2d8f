package initiator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator"
	"initiator/initiator/task"
)

// waitingMethods are methods that wait for the loops of an initiator.
var waitingMethods = map[string]func(context.Context, *initiator.Initiator) error{
	"Launch": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.Launch(ctx, "adder", "")
		return err
	},
	"Reopen": func(ctx context.Context, in *initiator.Initiator) error { return in.Reopen(ctx) },
	"Client.Task": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.Client().Task(ctx, uuid.Nil)
		return err
	},
	"Client.Call": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.Client().Call(ctx, task.Request{Pool: "adder"})
		return err
	},
	"Client.Stop": func(ctx context.Context, in *initiator.Initiator) error {
		_, err := in.Client().Stop(ctx, "all")
		return err
	},
	"Client.Events": func(ctx context.Context, in *initiator.Initiator) error {
		for _, err := range in.Client().Events(ctx, 0) {
			return err
		}
		return nil
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
