package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"

	"initiator/worker"
)

// runExec runs a worker for a command: `job exec --guid G --port P -- ARGV…`,
// which `exec = ARGV…` in a [worker:NAME] starts. With exec_mode = task each
// task starts a process; with exec_mode = lines one process serves all tasks.
func runExec(ctx context.Context, o worker.Options) error {
	own, argv, err := splitArgs(o.Args)
	if err == nil {
		// Fail at the start: a worker whose command does not exist must not
		// become ready.
		_, err = exec.LookPath(argv[0])
	}
	if err != nil {
		return &worker.UsageError{Err: fmt.Errorf("run job exec: %w", err)}
	}
	lines := newLineServer(argv, o.Logger)
	defer lines.closeServer()
	o.Args = own
	o.Handlers = []worker.Handler{worker.HandleRaw("exec", func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		settings, err := readExecSettings(ctx)
		switch {
		case err != nil:
			return nil, err
		case settings.lines:
			return lines.serveTask(ctx, data, settings.ids)
		}
		return runTask(ctx, argv, data, settings.retry)
	})}
	o.Hooks.BeforeConnect = func(ctx context.Context, _ json.RawMessage) error {
		settings, err := readExecSettings(ctx)
		if err == nil && settings.lines {
			err = lines.startEarly(ctx) // the process loads its data before the first task
		}
		return err
	}
	return worker.Run(ctx, o)
}

// splitArgs separates the worker's arguments from the command, which may have
// a --port of its own.
func splitArgs(args []string) (own, argv []string, err error) {
	at := slices.Index(args, "--")
	if at < 0 || at+1 == len(args) {
		return nil, nil, errors.New("there is no command; write it after --, as in `initiator job exec -- cat`")
	}
	return args[:at], args[at+1:], nil
}
