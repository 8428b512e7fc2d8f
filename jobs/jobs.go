package jobs

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"initiator/worker"

	"github.com/hashicorp/go-hclog"
)

var jobsByName = map[string]func(context.Context, worker.Options) error{
	"echo":  serveHandler(echo),
	"sum":   serveHandler(sum),
	"sleep": serveHandler(sleep),
	"crash": serveHandler(crash),
	"exec":  runExec,
}

// serveHandler returns a job that runs a worker with one handler.
func serveHandler(h worker.Handler) func(context.Context, worker.Options) error {
	return func(ctx context.Context, o worker.Options) error {
		o.Handlers = []worker.Handler{h}
		return worker.Run(ctx, o)
	}
}

// Names lists the jobs, sorted.
func Names() []string { return slices.Sorted(maps.Keys(jobsByName)) }

// Run runs the worker of a job. It returns when ctx is done and the running
// tasks have ended. Args may hold --guid and --port, and for exec the command
// after --. Stdin holds the INI. Without an initiator the worker listens on
// 127.0.0.1. The error for an unknown name is a *[worker.UsageError];
// [worker.ExitCode] returns the exit code for any error.
func Run(ctx context.Context, name string, args []string, stdin io.Reader) error {
	run, ok := jobsByName[name]
	if !ok {
		return &worker.UsageError{Err: fmt.Errorf("there is no job %q; use one of %s", name, strings.Join(Names(), ", "))}
	}
	log := hclog.New(&hclog.LoggerOptions{
		Name: "job." + name, Output: os.Stderr,
		JSONFormat: os.Getenv("INITIATOR_GUID") != "",
	})
	return run(ctx, worker.Options{Args: args, Stdin: stdin, Logger: log})
}
