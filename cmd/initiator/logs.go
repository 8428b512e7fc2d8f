package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

const logsLong = `Show the output of workers, by definition, group or guid: stdout and stderr. The
lines of several workers are in order of time, each with the name of its worker.

--since takes a duration (10m) or a time (2030-01-31T12:00:00Z). --previous shows
the output of the incarnation before the current one, to find out why it ended.

Where no initiator runs, logs reads the log files itself, also with -f, and says so
on stderr.`

func (a *app) logsCommand() *cobra.Command {
	var q report.LogQuery
	var since cli.PastFlag
	cmd := &cobra.Command{
		Use: "logs NAME…|all", Short: "Show the output of workers", Long: logsLong,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Since = since.At
			if err := checkLogs(q); err != nil {
				return cli.UsageFault(err)
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				guids, err := cli.ChooseGUIDs(ctx, c, args)
				if cli.NoInitiatorRuns(err) {
					return cli.EndFollow(q.Follow, a.ShowLogsOnDisk(ctx, q, args, err))
				}
				if err != nil {
					return err
				}
				return cli.EndFollow(q.Follow, a.ShowLogs(ctx, c, q, guids))
			})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&q.Follow, "follow", "f", false, "keep printing new output")
	f.IntVarP(&q.Tail, "tail", "n", 0, "only the last `N` lines; 0 = all")
	f.Var(&since, "since", "only the output since this time, or since `10m` ago")
	f.BoolVarP(&q.Previous, "previous", "p", false, "of the incarnation before the current one")
	f.StringVar(&q.Stream, "stream", "both", "only this `STREAM`: stdout or stderr")
	return cmd
}

// checkLogs checks the flags.
func checkLogs(q report.LogQuery) error {
	switch {
	case q.Stream != "stdout" && q.Stream != "stderr" && q.Stream != "both":
		return fmt.Errorf("--stream %s: write stdout, stderr or both", q.Stream)
	case q.Tail < 0:
		return fmt.Errorf("--tail %d: write a number of lines, or 0 for all", q.Tail)
	case q.Follow && q.Previous:
		return errors.New("--follow and --previous do not go together: a process that has ended writes nothing more")
	}
	return nil
}
