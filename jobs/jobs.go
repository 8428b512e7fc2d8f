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

var all = map[string]worker.Handler{
	"echo":  echo,
	"sum":   sum,
	"sleep": sleep,
	"crash": crash,
}

// Names lists the jobs, sorted.
func Names() []string { return slices.Sorted(maps.Keys(all)) }

// Run is the worker of one job: it returns when ctx is done and the running
// tasks have ended. Args may hold --guid and --port; stdin the INI. Without an
// initiator it serves on 127.0.0.1. An unknown name is a *[worker.UsageError];
// [worker.ExitCode] makes an exit code of any error.
func Run(ctx context.Context, name string, args []string, stdin io.Reader) error {
	handler, ok := all[name]
	if !ok {
		return &worker.UsageError{Err: fmt.Errorf("run job %q: there is none; use one of %s", name, strings.Join(Names(), ", "))}
	}
	log := hclog.New(&hclog.LoggerOptions{
		Name: "job." + name, Output: os.Stderr,
		JSONFormat: os.Getenv("INITIATOR_GUID") != "",
	})
	return worker.Run(ctx, worker.Options{
		Handlers: []worker.Handler{handler}, Args: args, Stdin: stdin, Logger: log,
	})
}
