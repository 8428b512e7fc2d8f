package supervisorctl

import (
	"github.com/spf13/cobra"
	"initiator/cmd/initiator/internal/cli"
)

// verbs has supervisorctl's verbs as methods.
type verbs struct{ *cli.App }

// Commands returns the verbs that users of supervisorctl know and that the
// program has under another name. Each prints what supervisorctl prints, ends
// with its exit code, and names the program's own verb in its help.
//
// start, stop, restart, status, signal and shutdown have the same name in both
// programs. Left out are reload, which restarts supervisord; fg, because a
// worker's standard input is not a terminal; and add, remove, open and version.
func Commands(a *cli.App) []*cobra.Command {
	v := &verbs{a}
	return []*cobra.Command{
		v.availCommand(), v.clearCommand(), v.maintailCommand(), v.pidCommand(),
		v.rereadCommand(), v.tailCommand(), v.updateCommand(), v.fgCommand(),
	}
}
