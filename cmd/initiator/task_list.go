package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

func (a *app) taskListCommand() *cobra.Command {
	var f task.Filter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List tasks, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.State = task.State(state)
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				tasks, err := c.List(ctx, f)
				if err != nil {
					return err
				}
				if a.Format.JSON {
					return a.Out.WriteJSON(map[string]any{"tasks": tasks})
				}
				return taskTable(tasks, time.Now()).PrintTo(a.Out)
			})
		},
	}
	cmd.Flags().StringVar(&f.Pool, "pool", "", "only the tasks of this `POOL`")
	cmd.Flags().StringVar(&state, "state", "", "only the tasks in this `STATE`: queued, running, completed, failed, cancelled or dead")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "show at most `N` tasks")
	return cmd
}

// taskTable returns the table of tasks.
func taskTable(tasks []task.Task, now time.Time) terminal.Table {
	t := terminal.Table{
		Head: []string{"ID", "POOL", "STATE", "ATTEMPT", "AGE", "REASON"}, Optional: []int{3, 4, 5, 1},
		Colour: func(column int, cell string) string {
			if column != 2 {
				return ""
			}
			return terminal.StateColour(cell)
		},
	}
	for _, x := range tasks {
		t.Rows = append(t.Rows, []string{
			x.ID.String(), cli.TaskTarget(x), string(x.State), attemptText(x), terminal.FormatElapsed(now.Sub(x.Submitted)), x.Reason,
		})
	}
	return t
}

// attemptText returns "2/3" for the second of three attempts.
func attemptText(t task.Task) string {
	return strconv.Itoa(t.Attempt) + "/" + strconv.Itoa(t.Policy.Attempts)
}
