package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"initiator/initiator"
	"initiator/initiator/client"
)

func (a *app) launchCommand() *cobra.Command {
	var guid string
	cmd := &cobra.Command{
		Use: "launch NAME", Short: "Start one more worker of a definition",
		Long: "Start one more worker of a definition, wait until it is ready, and print its\nguid, port, session, module and process id.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
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
	cmd.Flags().StringVar(&guid, "guid", "", "the worker's `GUID`; without it one is made")
	return cmd
}

func (a *app) showLaunched(w initiator.Worker) error {
	if a.format.json {
		return a.out.json(w)
	}
	return table{
		head: []string{"GUID", "PORT", "SESSION", "MODULE", "PROCESS"}, spare: []int{2, 3, 4},
		rows: [][]string{{w.GUID, number(w.Port), w.Session, w.Module, number(w.Process)}},
	}.print(a.out)
}
