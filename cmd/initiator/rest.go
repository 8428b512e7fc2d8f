package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/api"
	"initiator/internal/queue"
)

// restCommand is `pause` or `resume`.
func (a *app) restCommand(verb string) *cobra.Command {
	do := (*client.Client).Pause
	cmd := &cobra.Command{
		Use: verb + " POOL…|all", Short: "Give the tasks of a pool to nobody for now",
		Long: "Give the tasks of a pool to nobody for now, also after a restart of the\ninitiator: it takes tasks, and they wait for `initiator resume`. Those that run,\nrun on.",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completePools,
	}
	if verb == "resume" {
		do = (*client.Client).Resume
		cmd.Short, cmd.Long = "Let a paused pool go on", "Let a paused pool go on."
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
			pools, err := do(c, ctx, args...)
			if err != nil {
				return err
			}
			if a.format.json {
				return a.out.json(map[string]any{"pools": pools})
			}
			return poolTable(pools).print(a.out)
		})
	}
	return cmd
}

// poolTable lists pools.
func poolTable(pools []api.Pool) table {
	t := table{head: []string{"POOL", "STATE", "QUEUED", "RUNNING", "DEAD"}, spare: []int{4}}
	for _, p := range pools {
		state := "open"
		if p.Paused {
			state = "paused"
		}
		count := func(s task.State) string { return strconv.Itoa(p.Tasks[s]) }
		t.rows = append(t.rows, []string{p.Name, state, count(task.Queued), count(task.Running), count(task.Dead)})
	}
	return t
}
