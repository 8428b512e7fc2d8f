package supervisorctl

import (
	"errors"
	"initiator/cmd/initiator/internal/cli"

	"github.com/spf13/cobra"
)

// fgCommand tells who knows the word what there is instead.
func (v *verbs) fgCommand() *cobra.Command {
	return &cobra.Command{
		Use: "fg NAME", Short: "Is not offered", Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return cli.NewFault(
				cli.ExitUsage, errors.New("not offered: nobody can type into a worker, whose standard input is its configuration or /dev/null"),
				"`initiator tail -f NAME` shows what it writes",
			)
		},
	}
}
