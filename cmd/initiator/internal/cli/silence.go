package cli

import (
	"time"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
)

// silenceLimit is how long an initiator may answer nothing before the user is told.
const silenceLimit = 5 * time.Second

// waitsForSilent reports whether a verb waits on for an initiator that is stopped
// or hangs. Any other verb fails: its user wants an answer now.
func waitsForSilent(cmd *cobra.Command) bool {
	f := cmd.Flags()
	if follow := f.Lookup("follow"); follow != nil && follow.Value.String() == "true" {
		return true
	}
	return f.Lookup("wait") != nil || f.Lookup("reconnect") != nil
}

// noteSilence tells the user on stderr that the initiator answers nothing, where
// the verb waits on, and when it answers again.
func (a *App) noteSilence(s client.Silence) (giveUp bool) {
	screen := a.Err.Detach()
	switch { // without stderr there is no place to report it
	case s.Over:
		_ = screen.WriteLines("the initiator answers again")
	case a.waitsForSilent:
		_ = screen.WriteLines(s.Err.Error() + "; waiting for it")
	default:
		return true
	}
	return false
}
