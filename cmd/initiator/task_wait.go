package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

const taskWaitLong = `Wait for the end of a task and print its result, also across a restart of the
initiator (see --reconnect). When no worker can take the task, because each was given
up or keeps failing, wait ends with exit code 125; the task stays queued. The other exit
codes are those of run.`

func (a *app) taskWaitCommand() *cobra.Command {
	var patience cli.DurationFlag
	var output bool
	cmd := &cobra.Command{
		Use: "wait ID", Short: "Wait for the end of a task and print its result",
		Long: taskWaitLong,
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.CompleteTasks,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTaskID(args[0])
			if err != nil {
				return err
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				if patience.Given {
					limited, stop := context.WithTimeoutCause(ctx, patience.Value, errWaitOver)
					defer stop()
					ctx = limited
				}
				t, err := a.awaitTaskOrFailing(ctx, c, id, followed{output: output, attempts: output})
				if err != nil {
					return taskFault(explainWaitOver(c, id, err, "was not cancelled"))
				}
				return a.printOutcome(t)
			})
		},
	}
	cmd.Flags().Var(&patience, "wait", "how long to wait")
	a.AddReconnectFlag(cmd.Flags())
	cmd.Flags().BoolVarP(&output, "follow", "f", false, "show on stderr what the task writes")
	return cmd
}

// awaitTaskOrFailing waits for the end of a task, or until no worker can take it.
func (a *app) awaitTaskOrFailing(parent context.Context, c *client.Client, id uuid.UUID, wanted followed) (task.Task, error) {
	t, err := c.Task(parent, id)
	switch {
	case err != nil:
		return t, err
	case t.State.Terminal():
		return a.followTask(parent, c, id, wanted)
	}
	ctx, giveUp := context.WithCancelCause(parent)
	w := &workerWatcher{client: c, pool: t.Pool, patient: true}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watchWorkers(ctx, giveUp)
	}()
	t, err = a.followTask(ctx, c, id, wanted)
	giveUp(nil)
	<-watched
	if err != nil && parent.Err() == nil { // the task may have ended at the same moment
		ask, stop := context.WithTimeout(parent, cancelWithin)
		defer stop()
		if last, askErr := c.Task(ask, id); askErr == nil && last.State.Terminal() {
			return last, nil
		}
	}
	return t, err
}

// errWaitOver is the cause of a context that --wait has ended.
var errWaitOver = &cli.Fault{Code: cli.ExitTimeout, Err: errors.New("the task has not ended within --wait")}

// explainWaitOver adds to errWaitOver the state of the task, what was done with
// it, and how to wait for it or cancel it. Other errors are returned unchanged.
func explainWaitOver(c *client.Client, id uuid.UUID, err error, done string) error {
	if !errors.Is(err, errWaitOver) {
		return err
	}
	state := stateText(c, id)
	if state == "" {
		return err
	}
	return cli.NewFault(cli.ExitTimeout, fmt.Errorf("%w: it is %s; it %s", err, state, done), waitOrCancelAdvice(id))
}

// waitOrCancelAdvice is the next step for a task that has not ended.
func waitOrCancelAdvice(id uuid.UUID) string {
	return fmt.Sprintf("`initiator task wait %s` waits for its end, `initiator task cancel %s` cancels it", id, id)
}

// stateText returns the state of a task, with the reason why it is still queued;
// "" when the initiator does not answer in time.
func stateText(c *client.Client, id uuid.UUID) string {
	ctx, stop := context.WithTimeout(context.Background(), cancelWithin)
	defer stop()
	t, err := c.Task(ctx, id)
	switch {
	case err != nil:
		return ""
	case t.State == task.Queued && t.Reason != "":
		return string(t.State) + ": " + t.Reason
	}
	return string(t.State)
}
