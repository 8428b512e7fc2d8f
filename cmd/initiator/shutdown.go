package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/supervise"
)

func (a *app) shutdownCommand() *cobra.Command {
	var kill bool
	cmd := &cobra.Command{
		Use: "shutdown", Short: "Stop all workers and end the initiator",
		Long: "Stop all workers within their stop times, and end the initiator. shutdown returns\nwhen the initiator has ended.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.WithWaiting(cmd, []string{"all"}, "the shutdown goes on", func(ctx context.Context, c *client.Client) error {
				if err := c.Shutdown(ctx, kill); err != nil {
					return err
				}
				return a.awaitEnd(ctx, c)
			})
		},
	}
	cmd.Flags().BoolVar(&kill, "kill", false, "kill the workers, without waiting for their tasks")
	a.AddWaitFlag(cmd.Flags())
	return cmd
}

// awaitEnd waits until the initiator does not answer any more. The stream of
// its events ends just before that.
func (a *app) awaitEnd(ctx context.Context, c *client.Client) error {
	for {
		err := c.Events(ctx, client.FromNow, true, func(supervise.Transition) error { return nil })
		var gone *client.UnreachableError
		if errors.As(err, &gone) {
			break
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if a.Format.JSON {
		return a.Out.WriteJSON(map[string]bool{"ended": true})
	}
	return a.Out.WriteLines("ended")
}
