package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
)

const logsLong = `Show what workers wrote, by definition, group or guid, on stdout and on stderr.
Where there are several, their lines are in the order of time, each behind its
worker.

--since takes a duration (10m) or a time (2030-01-31T12:00:00Z). --previous shows
the incarnation before the last one, of which one wants to know why it ended.`

func (a *app) logsCommand() *cobra.Command {
	var q client.LogQuery
	var since cli.PastFlag
	cmd := &cobra.Command{
		Use: "logs NAME…|all", Short: "Show what workers wrote", Long: logsLong,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Since = since.At
			if err := checkLogs(q); err != nil {
				return cli.UsageFault(err)
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				guids, err := cli.ChooseGUIDs(ctx, c, args)
				if err != nil {
					return err
				}
				return cli.EndFollow(q.Follow, a.ShowLogs(ctx, c, q, guids))
			})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&q.Follow, "follow", "f", false, "go on with what they write from now on")
	f.IntVarP(&q.Tail, "tail", "n", 0, "only the last `N` lines; 0 = all")
	f.Var(&since, "since", "only what was written since then, or `10m` ago")
	f.BoolVarP(&q.Previous, "previous", "p", false, "of the incarnation before the last one")
	f.StringVar(&q.Stream, "stream", "both", "only this `STREAM`: stdout or stderr")
	return cmd
}

func checkLogs(q client.LogQuery) error {
	switch {
	case q.Stream != "stdout" && q.Stream != "stderr" && q.Stream != "both":
		return fmt.Errorf("--stream %s: there is stdout, stderr and both", q.Stream)
	case q.Tail < 0:
		return fmt.Errorf("--tail %d: a number of lines, or 0 for all", q.Tail)
	case q.Follow && q.Previous:
		return errors.New("--follow and --previous do not go together: nothing is added to what a process wrote that has ended")
	}
	return nil
}
