package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/api"
)

const logsLong = `Show what workers wrote, by definition, group or guid, on stdout and on stderr.
Where there are several, their lines are in the order of time, each behind its
worker.

--since takes a duration (10m) or a time (2030-01-31T12:00:00Z). --previous shows
the incarnation before the last one, of which one wants to know why it ended.`

func (a *app) logsCommand() *cobra.Command {
	var q client.LogQuery
	var since PastFlag
	cmd := &cobra.Command{
		Use: "logs NAME…|all", Short: "Show what workers wrote", Long: logsLong,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Since = since.At
			if err := checkLogs(q); err != nil {
				return UsageFault(err)
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				guids, err := ChooseGUIDs(ctx, c, args)
				if err != nil {
					return err
				}
				return EndFollow(q.Follow, a.ShowLogs(ctx, c, q, guids))
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

// ChooseGUIDs are the guids of the workers that are named.
func ChooseGUIDs(ctx context.Context, c *client.Client, names []string) (guids []string, err error) {
	all, err := c.Workers(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := ChooseWorkers(all, names)
	var unknown *Fault
	if errors.As(err, &unknown) {
		return nil, &Fault{ExitNotFound, unknown.Err, unknown.NextStep}
	}
	for _, w := range chosen {
		guids = append(guids, w.GUID)
	}
	return guids, err
}

// ShowLogs prints lines as they are: colours of a worker are its own.
func (a *app) ShowLogs(ctx context.Context, c *client.Client, q client.LogQuery, guids []string) error {
	if a.Format.JSON {
		return c.LogLines(ctx, q, func(l api.LogLine) error { return a.Out.WriteJSON(l) }, guids...)
	}
	from, err := c.Logs(ctx, q, guids...)
	if err != nil {
		return err
	}
	return a.CopyLog(ctx, from)
}

// CopyLog prints what comes, until there is no more or nobody reads.
func (a *app) CopyLog(ctx context.Context, from io.ReadCloser) error {
	defer from.Close()
	_, err := io.Copy(a.Out, from)
	switch {
	case a.Out.Err() != nil:
		return a.Out.Err()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("read the logs: %w", err)
	}
	return nil
}

// PastFlag reads a point in time from a flag: RFC 3339, or before now.
type PastFlag struct{ At time.Time }

// String implements pflag.Value.
func (p *PastFlag) String() string {
	if p.At.IsZero() {
		return ""
	}
	return p.At.Format(time.RFC3339)
}

// Set implements pflag.Value.
func (p *PastFlag) Set(text string) error {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		p.At = at
		return nil
	}
	var s DurationFlag
	if s.Set(text) != nil {
		return fmt.Errorf("%q is no point in time: write 2030-01-31T12:00:00Z, or how long ago, such as 10m", text)
	}
	p.At = time.Now().Add(-s.Value)
	return nil
}

// Type implements pflag.Value.
func (p *PastFlag) Type() string { return "TIME" }
