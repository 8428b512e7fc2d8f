package main

import (
	"context"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
)

func (a *app) reloadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reload [NAME…|all]", Short: "Apply the INI, or let workers read their configuration again",
		Long:              "Without a name: read the INI again and apply the differences to the running workers; `initiator\nplan` shows them before. The signal HUP to `initiator up` does the same. An INI\nwith faults changes nothing. reload returns when all new and changed workers are\nready; the exit code is 1 when a worker is not.\n\nWith names of definitions, groups or guids: the INI is not read; these workers are\ntold to read their own configuration again, by their reload_signal or\nreload_command.\n\nIn both cases the check_command of the workers runs first; when one fails, nothing\nis changed.",
		ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.Reload(cmd, a.showChanges)
			}
			return a.WithWaiting(cmd, args, "", func(ctx context.Context, c *client.Client) error {
				return a.changeWorkers(ctx, c, "reload", c.ReloadWorkers, args)
			})
		},
	}
	a.AddWaitFlag(cmd.Flags())
	return cmd
}
