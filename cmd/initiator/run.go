package main

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

const runLong = `Submit a task, wait for its end and print its result.

DATA is JSON, - for standard input, or @FILE; without it the data is null. With a
JSON value in each line of standard input, each line is a task, and the results are
printed as they arrive, or with --ordered in the order of the lines.

run uses the running initiator of the INI. Where none runs, it starts a temporary
one with the pool of the task and the workers that the pool depends on, reports each
worker's port and start-up time on stderr, and stops it at the end. The temporary
initiator leaves nothing behind. An attempt that ends without an end of the task is
reported on stderr with its reason, and when the next attempt follows.

When a running initiator stops answering, run waits for it for --reconnect, and goes
on when it is back: no task is submitted twice, and each has one result.

Exit codes: 0 completed; 1 failed, dead or cancelled (the result of the failure is
on stderr); 2 usage, data over 64 MiB or a bad INI; 124 timeout, deadline or --wait;
125 no worker could be started, or the initiator failed; 126 refused, the queue is
full; 127 no such pool; 128+n ended by signal n. With many tasks: 0 when all have
completed, else 1.`

func (a *app) runCommand() *cobra.Command {
	var flags requestFlags
	var many manyFlags
	r := runner{app: a}
	cmd := &cobra.Command{
		Use: "run POOL[.METHOD] [DATA]", Short: "Run a task and print its result", Long: runLong,
		Example: `  initiator run adder '{"a": 2, "b": 3}'
  initiator run --ordered --jobs 8 adder - <pairs.ndjson >sums.ndjson`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.CompletePools,
		RunE: func(cmd *cobra.Command, args []string) error {
			request, feed, err := flags.readRequests(args, a.In)
			if err != nil {
				return err
			}
			ctx, again, stop := cli.CatchSignals(cmd.Context(), append(slices.Clone(cli.EndingSignals), syscall.SIGQUIT)...) // QUIT would leave the workers of a temporary initiator to its keeper
			defer stop()
			r.laterSignals = again
			if feed != nil {
				return newManyRunner(r, many, request, feed).runAll(ctx)
			}
			return r.runTask(ctx, request)
		},
	}
	flags.addFlags(cmd.Flags())
	many.addFlags(cmd.Flags())
	cmd.Flags().Var(&r.patience, "wait", "how long to wait for the end of the task")
	a.AddReconnectFlag(cmd.Flags())
	cmd.Flags().BoolVarP(&r.output, "follow", "f", false, "show on stderr what the task writes")
	cmd.Flags().BoolVarP(&r.quiet, "quiet", "q", false, "print nothing about workers and attempts")
	return cmd
}

// runner is one `run`.
type runner struct {
	*app
	patience     cli.DurationFlag
	quiet        bool
	output       bool                  // print the output of the task
	laterSignals <-chan syscall.Signal // signals after the first
	client       *client.Client
	// temporary: the initiator was started by this command.
	temporary bool
}

// runTask runs one task to its end.
func (r *runner) runTask(ctx context.Context, q task.Request) error {
	return r.withInitiator(ctx, q.Pool, func(ctx context.Context) error { return r.submitAndWait(ctx, q) })
}

// withInitiator calls do with the running initiator, or with a temporary one.
func (r *runner) withInitiator(ctx context.Context, pool string, do func(context.Context) error) error {
	c, err := r.ConnectIfRunning(ctx)
	if err != nil {
		return err
	}
	if c != nil {
		defer c.Close()
		r.client = c
		r.printNote("using the running initiator at %s", c.Socket())
		return do(ctx)
	}
	temporary, err := r.newTemporaryInitiator(pool)
	if err != nil {
		return err
	}
	r.temporary = true
	return temporary.runDuring(ctx, r, do)
}

// printNote prints a line for people on stderr, unless -q was given.
func (r *runner) printNote(format string, args ...any) {
	if !r.quiet {
		_ = r.Err.WriteLines(fmt.Sprintf(format, args...))
	}
}

// submitAndWait submits the task, waits for its end and prints it.
func (r *runner) submitAndWait(ctx context.Context, q task.Request) error {
	t, err := r.submitTask(ctx, q)
	if err != nil {
		return submitFault(q.Pool, err)
	}
	end, err := r.awaitTask(ctx, t)
	if err == nil {
		return r.printOutcome(end)
	}
	return cli.PrefixError(q.Pool, r.abandonTask(t, err))
}

// submitWithin is how much longer than its context a submission may take.
const submitWithin = 2 * time.Second

// submitTask submits the task. A signal does not interrupt it at once: a task
// that was accepted could not be cancelled without its id.
func (r *runner) submitTask(ctx context.Context, q task.Request) (task.Task, error) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(submitWithin, func() { cancel(context.Cause(ctx)) }) // without effect after the submission has ended
	})()
	return r.client.Submit(longer, q)
}

// awaitTask waits for the end of the task, until --wait is over or no worker
// can run the task.
func (r *runner) awaitTask(ctx context.Context, t task.Task) (task.Task, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	if r.patience.Given {
		timer := time.AfterFunc(r.patience.Value, func() { cancel(errWaitOver) })
		defer timer.Stop()
	}
	w := r.newWorkerWatcher(t.Pool)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watchWorkers(ctx, cancel)
	}()
	end, err := r.followTask(ctx, r.client, t.ID, followed{output: r.output, attempts: !r.quiet})
	cancel(nil)
	<-watched
	return end, err
}
