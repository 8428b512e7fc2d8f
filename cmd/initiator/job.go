package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/spelling"
	"initiator/jobs"
	"initiator/worker"
)

func (a *app) jobCommand() *cobra.Command {
	return &cobra.Command{
		Use: "job NAME [--guid GUID] [--port PORT]", Short: "Run a built-in worker: " + strings.Join(jobs.Names(), ", "),
		Long: "Run a built-in worker, as `command = ${initiator:self} job NAME` starts it. Started\nby hand, it serves on the port of ding.interaction, or on --port.\n\nJobs: " +
			strings.Join(jobs.Names(), ", "),
		// The worker reads its flags itself, as every other worker does.
		DisableFlagParsing: true,
		ValidArgs:          jobs.Names(),
		// The environment of a worker does not set these flags either.
		PersistentPreRun: func(*cobra.Command, []string) { a.Began = true },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "-h" || args[0] == "--help" {
				return cmd.Help()
			}
			return a.runJob(cmd.Context(), args[0], args[1:])
		},
	}
}

// runJob serves until a signal ends it. A second signal ends it at once.
func (a *app) runJob(ctx context.Context, name string, args []string) error {
	ctx, again, stop := cli.CatchSignals(ctx, cli.EndingSignals...)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- jobs.Run(ctx, name, args, a.In) }()
	select {
	case err := <-done:
		if code := worker.ExitCode(err); err != nil {
			next := ""
			if near, ok := spelling.Nearest(name, jobs.Names()); ok && near != name {
				next = fmt.Sprintf("did you mean %q?", near)
			}
			return cli.NewFault(code, err, next)
		}
		return nil
	case s := <-again:
		return cli.Interrupted{Signal: s}
	}
}
