package main

import (
	"context"
	"fmt"

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
				return cli.EndFollow(follow, c.Events(ctx, since, follow, a.showEvent))
			})
		},
	}
	cmd.Flags().Uint64Var(&since, "since", 0, "only the events after this `NUMBER`")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "keep printing new events")
	return cmd
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
