package cli

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
)

// AddReconnectFlag adds --reconnect to a verb that waits for tasks or submits them.
func (a *App) AddReconnectFlag(f *pflag.FlagSet) {
	f.Var(&a.reconnect, "reconnect", "how long to wait for an initiator that has stopped answering; 0 = not at all; without it 30s")
}

// clientOptions returns the options of every client of this command.
func (a *App) clientOptions() []client.Option {
	options := []client.Option{client.NotifyOutage(a.printOutage), client.NotifySilence(silenceLimit, a.noteSilence), client.NotifyConfig(a.noteConfig)}
	if a.reconnect.Given {
		options = append(options, client.ReconnectFor(a.reconnect.Value))
	}
	return options
}

// printOutage tells the user on stderr that the initiator does not answer, and when
// it answers again.
func (a *App) printOutage(o client.Outage) {
	what := "does not answer"
	switch {
	case o.Over:
		_ = a.Err.WriteLines("the initiator answers again") // without stderr there is no place to report it
		return
	case errors.Is(o.Err, &client.Error{Status: http.StatusServiceUnavailable}):
		what = "is shutting down"
	}
	_ = a.Err.WriteLines(fmt.Sprintf("the initiator %s; trying again for %s", what, terminal.FormatElapsed(o.Left)))
}
