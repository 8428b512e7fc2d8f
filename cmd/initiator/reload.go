package main

import (
	"github.com/spf13/cobra"
)

func (a *app) reloadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reload", Short: "Apply the INI to the running workers",
		Long: "Read the INI again and apply the differences to the running workers; `initiator\nplan` shows them before. The signal HUP to `initiator up` does the same. An INI\nwith faults changes nothing. reload returns when all new and changed workers are\nready; the exit code is 1 when a worker is not.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.Reload(cmd, a.showChanges)
		},
	}
	a.AddWaitFlag(cmd.Flags())
	return cmd
}
