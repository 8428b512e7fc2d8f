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

// runExec makes a worker of any command: `job exec --guid G --port P -- ARGV…`,
// which is what `exec = ARGV…` in a [worker:NAME] starts. With exec_mode = task
// each task is a process of its own; with lines one process serves them all.
func runExec(ctx context.Context, o worker.Options) error {
	own, argv, err := splitArgs(o.Args)
	if err == nil {
		// Found now or never: a worker that can run nothing must not come up.
		_, err = exec.LookPath(argv[0])
	}
	if err != nil {
		return &worker.UsageError{Err: fmt.Errorf("run job exec: %w", err)}
	}
	lines := newLineServer(argv)
	defer lines.closeServer()
	o.Args = own
	o.Handlers = []worker.Handler{worker.HandleRaw("exec", func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		if lineMode(ctx) {
			return lines.serveTask(ctx, data)
		}
		return runTask(ctx, argv, data)
	})}
	o.Hooks.BeforeConnect = func(ctx context.Context, _ json.RawMessage) error {
		if lineMode(ctx) {
			return lines.startEarly(ctx) // what takes long to load loads before the first task
		}
		return nil
	}
	return worker.Run(ctx, o)
}

// lineMode reads the key of the worker's own section.
func lineMode(ctx context.Context) bool {
	mode, _ := worker.Setting(ctx, "exec_mode")
	return mode == "lines"
}

// splitArgs separates the worker's arguments from the command's, which may
// hold a --port of their own.
func splitArgs(args []string) (own, argv []string, err error) {
	at := slices.Index(args, "--")
	if at < 0 || at+1 == len(args) {
		return nil, nil, errors.New("there is no command; write it after --, as in `initiator job exec -- cat`")
	}
	return args[:at], args[at+1:], nil
}
