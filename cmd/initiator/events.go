package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

func (a *app) eventsCommand() *cobra.Command {
	var since uint64
	var follow bool
	cmd := &cobra.Command{
		Use: "events", Short: "Show the state changes of workers",
		Long: "Show the state changes of workers, oldest first. Each event has a number; --since\nshows the events after it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				if follow {
					return cli.EndFollow(true, a.followEvents(c.Events(ctx, since)))
				}
				list, err := c.PastEvents(ctx, since)
				for _, e := range list {
					if err := a.showEvent(e); err != nil {
						return err
					}
				}
				return err
			})
		},
	}
	cmd.Flags().Uint64Var(&since, "since", 0, "only the events after this `NUMBER`")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "keep printing new events")
	return cmd
}

// followEvents prints events until they end. It says where events are missing.
func (a *app) followEvents(events iter.Seq2[report.Event, error]) error {
	for e, err := range events {
		if gap := (*client.GapError)(nil); errors.As(err, &gap) {
			_ = a.Err.WriteLines(gap.Error()) // the events after the gap follow
			continue
		}
		if err == nil {
			err = a.showEvent(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// showEvent prints one event.
func (a *app) showEvent(t report.Event) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(t)
	}
	to := t.To.String()
	if t.To == report.Running && !t.Ready {
		to = terminal.Unready
	}
	line := fmt.Sprintf("%6d  %s  %s %s %s  %s", t.Seq, t.At.Local().Format("15:04:05.000"), t.Name, terminal.ShortGUID(t.GUID), to, t.Reason)
	return a.Out.WriteLines(line)
}
