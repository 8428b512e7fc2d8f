package supervisorctl

import (
	"errors"

	"initiator/cmd/initiator/internal/cli"

	"github.com/spf13/cobra"
)

// fgCommand explains what to use in place of supervisorctl's fg.
func (v *verbs) fgCommand() *cobra.Command {
	return &cobra.Command{
		Use: "fg NAME", Short: "Not available", Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return cli.NewFault(
				cli.ExitUsage, errors.New("not available: the standard input of a worker is its configuration or /dev/null"),
				"`initiator tail -f NAME` shows what it writes",
			)
		},
	}
}
