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

// taskRetryCommand returns the verb that queues ended tasks again: one, some,
// or all in a state.
func (a *app) taskRetryCommand() *cobra.Command {
	var all bool
	var pool, state string
	cmd := &cobra.Command{
		Use: "retry ID… | --all", Short: "Queue failed, dead or cancelled tasks again",
		Long:              "Queue failed, dead or cancelled tasks again, with all their attempts: the tasks that\nare named, or with --all every task of a pool and a state.",
		ValidArgsFunction: a.CompleteTasks,
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := retryIDs(cmd, all, args)
			if err != nil {
				return err
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				if all {
					return a.retryAll(ctx, c, pool, task.State(state))
				}
				return a.retryEach(ctx, c, ids)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every task of the pool and state")
	cmd.Flags().StringVar(&pool, "pool", "", "with --all: only the tasks of this `POOL`")
	cmd.Flags().StringVar(&state, "state", string(task.Dead), "with --all: the tasks in this `STATE`: dead, failed or cancelled")
	return cmd
}

// retryIDs reads the ids. With --all there must be none.
func retryIDs(cmd *cobra.Command, all bool, args []string) (ids []uuid.UUID, err error) {
	chosen := cmd.Flags().Changed("pool") || cmd.Flags().Changed("state")
	switch {
	case all && len(args) > 0:
		return nil, cli.UsageFault(errors.New("name tasks or give --all, not both"))
	case !all && (chosen || len(args) == 0):
		return nil, cli.UsageFault(errors.New("name tasks, or give --all with --pool and --state"))
	}
	for _, text := range args {
		id, err := parseTaskID(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// retryEach retries every task. It returns the first error.
func (a *app) retryEach(ctx context.Context, c *client.Client, ids []uuid.UUID) (first error) {
	for _, id := range ids {
		t, err := c.Retry(ctx, id)
		if err == nil {
			err = a.showState(t)
		}
		if err != nil && first == nil {
			first = taskFault(err)
		}
	}
	return first
}

// retryAll retries all tasks in a state.
func (a *app) retryAll(ctx context.Context, c *client.Client, pool string, state task.State) error {
	n, err := c.RetryAll(ctx, pool, state)
	switch {
	case err != nil:
		return err
	case a.Format.JSON:
		return a.Out.WriteJSON(map[string]int{"retried": n})
	}
	return a.Out.WriteLines(fmt.Sprintf("%d queued again", n))
}
