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

func (a *app) taskWaitCommand() *cobra.Command {
	var patience cli.DurationFlag
	var output bool
	cmd := &cobra.Command{
		Use: "wait ID", Short: "Wait for the end of a task and print its result",
		Long: "Wait for the end of a task and print its result. The exit codes are those of run.",
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
				t, err := a.followTask(ctx, c, id, output)
				if err != nil {
					return taskFault(addTaskState(c, id, err))
				}
				return a.printOutcome(t)
			})
		},
	}
	cmd.Flags().Var(&patience, "wait", "how long to wait")
	cmd.Flags().BoolVarP(&output, "follow", "f", false, "show on stderr what the task writes")
	return cmd
}

// errWaitOver is the cause of a context that --wait has ended.
var errWaitOver = &cli.Fault{Code: cli.ExitTimeout, Err: errors.New("the task has not ended within --wait")}

// addTaskState adds the state of the task to errWaitOver, and returns other
// errors unchanged.
func addTaskState(c *client.Client, id uuid.UUID, err error) error {
	if !errors.Is(err, errWaitOver) {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), cancelWithin)
	defer stop()
	t, unknown := c.Task(ctx, id)
	if unknown != nil {
		return err
	}
	state := string(t.State)
	if t.State == task.Queued && t.Reason != "" {
		state += ": " + t.Reason
	}
	return &cli.Fault{Code: cli.ExitTimeout, Err: fmt.Errorf("%w: it is %s", err, state)}
}
