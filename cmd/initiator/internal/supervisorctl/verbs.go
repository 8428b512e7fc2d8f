package supervisorctl

import (
	"github.com/spf13/cobra"
	"initiator/cmd/initiator/internal/cli"
)

// verbs has the verbs of supervisorctl as methods.
type verbs struct{ *cli.App }

// Commands returns the verbs that users of supervisorctl know and the program's
// own verbs lack.
func Commands(a *cli.App) []*cobra.Command {
	v := &verbs{a}
	return []*cobra.Command{
		v.availCommand(), v.clearCommand(), v.maintailCommand(), v.pidCommand(),
		v.rereadCommand(), v.tailCommand(), v.updateCommand(), v.fgCommand(),
	}
}
