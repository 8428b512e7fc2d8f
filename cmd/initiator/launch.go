package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/initiator/client"
)

func (a *app) launchCommand() *cobra.Command {
	var guid string
	cmd := &cobra.Command{
		Use: "launch NAME", Short: "Start one more worker of a definition",
		Long: "Start one more worker of a definition, wait until it is ready, and print its\nguid, port, session, module and process id.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.CompleteNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.WithWaiting(cmd, args, "", func(ctx context.Context, c *client.Client) error {
				w, err := c.Launch(ctx, args[0], guid)
				if err != nil {
					return err
				}
				return a.showLaunched(initiator.Worker{
					GUID: w.GUID, Port: w.Port, Module: w.Name, Process: w.PID,
					Session: fmt.Sprintf("%s/%d", w.GUID, w.Incarnation),
				})
			})
		},
	}
	cmd.Flags().StringVar(&guid, "guid", "", "the `GUID` of the worker; without it a new one")
	a.AddWaitFlag(cmd.Flags())
	return cmd
}

// showLaunched prints a worker that was launched.
func (a *app) showLaunched(w initiator.Worker) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(w)
	}
	return terminal.Table{
		Head: []string{"GUID", "PORT", "SESSION", "MODULE", "PROCESS"}, Optional: []int{2, 3, 4},
		Rows: [][]string{{w.GUID, terminal.NumberOrDash(w.Port), w.Session, w.Module, terminal.NumberOrDash(w.Process)}},
	}.PrintTo(a.Out)
}
