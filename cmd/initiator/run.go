package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

const runLong = `Submit a task, wait for its end and print its result.

DATA is JSON, - for standard input, or @FILE; without it the data is null. With
a JSON value in each line of standard input, each is a task, and the results
are printed as they come, or with --ordered in the order of the lines. When
the initiator of the INI runs, it is used. Otherwise one is started for this
task alone, with the pool and what that comes after, and stopped again; it
keeps its state in a directory of its own and leaves nothing behind.

Exit codes: 0 completed; 1 failed, dead or cancelled (the failure's result is
on stderr); 2 usage or a bad INI; 124 timeout, deadline or --wait; 125 no
worker could be brought up, or the initiator failed; 126 refused, the queue is
full; 127 no such pool; 128+n ended by signal n. Of many tasks: 0 when all have
completed, else 1.`

func (a *app) runCommand() *cobra.Command {
	var flags requestFlags
	var many manyFlags
	r := runner{app: a}
	cmd := &cobra.Command{
		Use: "run POOL[.METHOD] [DATA]", Short: "Do one task and print its result", Long: runLong,
		Example: `  initiator run adder '{"a": 2, "b": 3}'
  initiator run --ordered --jobs 8 adder - <pairs.ndjson >sums.ndjson`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.CompletePools,
		RunE: func(cmd *cobra.Command, args []string) error {
			request, feed, err := flags.readRequests(args, a.In)
			if err != nil {
				return err
			}
			ctx, again, stop := cli.CatchSignals(cmd.Context(), cli.EndingSignals...)
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
	cmd.Flags().BoolVarP(&r.output, "follow", "f", false, "show on stderr what the task writes")
	cmd.Flags().BoolVarP(&r.quiet, "quiet", "q", false, "say nothing about workers")
	return cmd
}

// runner is one `run`.
type runner struct {
	*app
	patience     cli.DurationFlag
	quiet        bool
	output       bool                  // shows what the task writes
	laterSignals <-chan syscall.Signal // later ones
	client       *client.Client
	// alone: the initiator was started for this task.
	temporary bool
}

func (r *runner) runTask(ctx context.Context, q task.Request) error {
	return r.withInitiator(ctx, q.Pool, func(ctx context.Context) error { return r.submitAndWait(ctx, q) })
}

// withInitiator does something with the initiator that runs, or with one of its own.
func (r *runner) withInitiator(ctx context.Context, pool string, do func(context.Context) error) error {
	c, err := r.ConnectIfRunning(ctx)
	if err != nil {
		return err
	}
	if c != nil {
		defer c.Close()
		r.client = c
		r.printNote("uses the initiator that answers on %s", c.Socket())
		return do(ctx)
	}
	house, err := r.newTemporaryInitiator(pool)
	if err != nil {
		return err
	}
	r.temporary = true
	return house.runDuring(ctx, r, do)
}

// printNote tells a person what happens, on stderr.
func (r *runner) printNote(format string, args ...any) {
	if !r.quiet {
		_ = r.Err.WriteLines(fmt.Sprintf(format, args...))
	}
}

// submitAndWait submits the task and sees it to its end.
func (r *runner) submitAndWait(ctx context.Context, q task.Request) error {
	t, err := r.submitTask(ctx, q)
	if err != nil {
		return submitFault(q.Pool, err)
	}
	end, err := r.awaitTask(ctx, t)
	if err == nil {
		return r.printOutcome(end)
	}
	err = addTaskState(r.client, t.ID, err)
	r.abandonTask(t)
	return cli.PrefixError(q.Pool, err)
}

// submitWithin is how much longer than its caller a submit may go on.
const submitWithin = 2 * time.Second

// submitTask is not broken off by a signal at once: a task that was taken, and
// whose id is not known, could not be cancelled.
func (r *runner) submitTask(ctx context.Context, q task.Request) (task.Task, error) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(submitWithin, func() { cancel(context.Cause(ctx)) }) // of no effect once it has ended
	})()
	return r.client.Submit(longer, q)
}

// awaitTask waits for the end of the task, of --wait, or of all hope.
func (r *runner) awaitTask(ctx context.Context, t task.Task) (task.Task, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	if r.patience.Given {
		timer := time.AfterFunc(r.patience.Value, func() { cancel(errWaitOver) })
		defer timer.Stop()
	}
	w := &workerWatcher{runner: r, pool: t.Pool}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watchWorkers(ctx, cancel)
	}()
	wait := r.client.Wait
	if r.output {
		wait = func(ctx context.Context, id uuid.UUID) (task.Task, error) {
			return r.followTask(ctx, r.client, id, true)
		}
	}
	end, err := wait(ctx, t.ID)
	cancel(nil)
	<-watched
	return end, err
}

// cancelWithin bounds the last request about a task that nobody waits for.
const cancelWithin = 2 * time.Second

// abandonTask cancels a task whose result nobody would see, so that no worker has to
// end it before it can stop. In an initiator of others, one with a key may be
// wanted by somebody else as well: it stays.
func (r *runner) abandonTask(t task.Task) {
	if t.Key != "" && !r.temporary {
		r.printNote("the task goes on: initiator task wait %s", t.ID)
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), cancelWithin)
	defer stop()
	if _, err := r.client.Cancel(ctx, t.ID); err != nil && !r.temporary && !errors.Is(err, &client.Error{Status: http.StatusConflict}) {
		r.printNote("the task may go on: initiator task get %s", t.ID)
	}
}
