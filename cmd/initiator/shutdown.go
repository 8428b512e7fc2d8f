package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/initiator/report"
)

func (a *app) shutdownCommand() *cobra.Command {
	var kill bool
	cmd := &cobra.Command{
		Use: "shutdown", Short: "Stop all workers and end the initiator",
		Long: "Stop all workers within their stop times, and end the initiator. shutdown returns\nwhen the initiator has ended.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.WithWaiting(cmd, []string{"all"}, "the shutdown goes on", func(ctx context.Context, c *client.Client) error {
				before, err := c.Status(ctx)
				if err == nil {
					err = c.Shutdown(ctx, kill)
				}
				if err != nil {
					return err
				}
				return a.awaitEnd(ctx, c, before.Left)
			})
		},
	}
	cmd.Flags().BoolVar(&kill, "kill", false, "kill the workers, without waiting for their tasks")
	a.AddWaitFlag(cmd.Flags())
	return cmd
}

// awaitEnd waits until the initiator does not answer any more. The stream of
// its events ends just before that. before are the processes that workers had left
// before the end.
func (a *app) awaitEnd(ctx context.Context, c *client.Client, before []report.LeftProcess) error {
	for {
		var err error
		for _, err = range c.Events(ctx, client.Now) {
			continue
		}
		if errors.Is(err, client.ErrUnreachable) {
			break
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	left := newlyLeft(before, a.leftAfterEnd())
	if a.Format.JSON {
		answer := map[string]any{"ended": true}
		if len(left) > 0 {
			answer["left"] = left
		}
		return a.Out.WriteJSON(answer)
	}
	if len(left) > 0 {
		return a.Out.WriteLines(fmt.Sprintf("ended; left %d: %s", len(left), leftNames(left)))
	}
	return a.Out.WriteLines("ended")
}
