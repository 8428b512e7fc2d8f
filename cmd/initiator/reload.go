package main

import (
	"github.com/spf13/cobra"
)

func (a *app) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "Make what runs be what the INI says",
		Long: "Read the INI again and touch only what differs, as `initiator plan` shows it; HUP\nto `initiator up` does the same. An INI with faults changes nothing. It returns\nwhen everything new or changed is ready; the exit code is 1 when something is not.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.Reload(cmd, a.showChanges)
		},
	}
}
