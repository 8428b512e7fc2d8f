package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

func (a *app) taskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "task", Short: "Submit tasks and follow them",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.taskSubmitCommand(), a.taskWaitCommand(), a.taskListCommand(),
		a.taskVerb("get", "Show a task with its attempts", a.showTask, (*client.Client).Task),
		a.taskVerb("cancel", "Cancel a task", a.showState, (*client.Client).Cancel),
		a.taskRetryCommand(), a.taskExportCommand(), a.taskImportCommand(),
		a.taskCheckCommand(), a.taskRepairCommand(),
	)
	return cmd
}

// taskVerb returns a verb that asks for a single task and shows it.
func (a *app) taskVerb(verb, short string, show func(task.Task) error, do func(*client.Client, context.Context, uuid.UUID) (task.Task, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.CompleteTasks,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTaskID(args[0])
			if err != nil {
				return err
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				t, err := do(c, ctx, id)
				if err != nil {
					return taskFault(err)
				}
				return show(t)
			})
		},
	}
}

// parseTaskID reads the id of a task.
func parseTaskID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, cli.NewFault(cli.ExitUsage, fmt.Errorf("%q is not the id of a task", text), "`initiator task list` shows the ids")
	}
	return id, nil
}

// taskFault returns a failure for an unknown task. Its exit code differs from
// the code of an unknown pool.
func taskFault(err error) error {
	var e *client.Error
	if errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusConflict) {
		return cli.NewFault(cli.ExitFailed, errors.New(strings.TrimPrefix(e.Message, "wait for ")), "`initiator task list` shows the tasks")
	}
	return err
}
