package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// pauseCommand returns `pause` or `resume`.
func (a *app) pauseCommand(verb string) *cobra.Command {
	do := (*client.Client).Pause
	cmd := &cobra.Command{
		Use: verb + " POOL…|all", Short: "Stop handing out the tasks of pools",
		Long: "Stop handing out the tasks of pools, also after a restart of the initiator. New\ntasks are accepted and wait for `initiator resume`. Running tasks keep running.",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.CompletePools,
	}
	if verb == "resume" {
		do = (*client.Client).Resume
		cmd.Short, cmd.Long = "Hand out the tasks of paused pools again", "Hand out the tasks of paused pools again."
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
			pools, err := do(c, ctx, args...)
			if err != nil {
				return err
			}
			if a.Format.JSON {
				return a.Out.WriteJSON(map[string]any{"pools": pools})
			}
			return poolTable(pools).PrintTo(a.Out)
		})
	}
	return cmd
}

// poolTable returns the table of pools.
func poolTable(pools []report.Pool) terminal.Table {
	t := terminal.Table{Head: []string{"POOL", "STATE", "QUEUED", "RUNNING", "DEAD"}, Optional: []int{4}}
	for _, p := range pools {
		state := "open"
		if p.Paused {
			state = "paused"
		}
		count := func(s task.State) string { return strconv.Itoa(p.Tasks[s]) }
		t.Rows = append(t.Rows, []string{p.Name, state, count(task.Queued), count(task.Running), count(task.Dead)})
	}
	return t
}
