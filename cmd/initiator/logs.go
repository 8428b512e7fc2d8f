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
	var since past
	cmd := &cobra.Command{
		Use: "logs NAME…|all", Short: "Show what workers wrote", Long: logsLong,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Since = since.at
			if err := checkLogs(q); err != nil {
				return usage(err)
			}
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				guids, err := writers(ctx, c, args)
				if err != nil {
					return err
				}
				return followed(q.Follow, a.showLogs(ctx, c, q, guids))
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

// writers are the guids of the workers that are named.
func writers(ctx context.Context, c *client.Client, names []string) (guids []string, err error) {
	all, err := c.Workers(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(all, names)
	var unknown *fault
	if errors.As(err, &unknown) {
		return nil, &fault{exitUnknown, unknown.err, unknown.next}
	}
	for _, w := range chosen {
		guids = append(guids, w.GUID)
	}
	return guids, err
}

// showLogs prints lines as they are: colours of a worker are its own.
func (a *app) showLogs(ctx context.Context, c *client.Client, q client.LogQuery, guids []string) error {
	if a.format.json {
		return c.LogLines(ctx, q, func(l api.LogLine) error { return a.out.json(l) }, guids...)
	}
	from, err := c.Logs(ctx, q, guids...)
	if err != nil {
		return err
	}
	return a.copyLog(ctx, from)
}

// copyLog prints what comes, until there is no more or nobody reads.
func (a *app) copyLog(ctx context.Context, from io.ReadCloser) error {
	defer from.Close()
	_, err := io.Copy(a.out, from)
	switch {
	case a.out.failed() != nil:
		return a.out.failed()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("read the logs: %w", err)
	}
	return nil
}

// past reads a point in time from a flag: RFC 3339, or before now.
type past struct{ at time.Time }

// String implements pflag.Value.
func (p *past) String() string {
	if p.at.IsZero() {
		return ""
	}
	return p.at.Format(time.RFC3339)
}

// Set implements pflag.Value.
func (p *past) Set(text string) error {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		p.at = at
		return nil
	}
	var s span
	if s.Set(text) != nil {
		return fmt.Errorf("%q is no point in time: write 2030-01-31T12:00:00Z, or how long ago, such as 10m", text)
	}
	p.at = time.Now().Add(-s.d)
	return nil
}

// Type implements pflag.Value.
func (p *past) Type() string { return "TIME" }
