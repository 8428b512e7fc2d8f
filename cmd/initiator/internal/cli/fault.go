package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/proactor"
)

// Fault is an error that knows its exit code, and what to do next.
type Fault struct {
	Code     int
	Err      error  // nil = there is nothing more to say than the code
	NextStep string // a sentence for a line of its own; "" = err says it
}

// NewFault returns a fault with a next step.
func NewFault(code int, err error, nextStep string) *Fault { return &Fault{code, err, nextStep} }

func (f *Fault) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("exit code %d", f.Code)
	}
	return f.Err.Error()
}

func (f *Fault) Unwrap() error { return f.Err }

// UsageFault marks a fault of whoever typed the command.
func UsageFault(err error) error { return &Fault{Code: ExitUsage, Err: err} }

// ExitWith ends with a code, without a word: everything has been said.
func ExitWith(code int) error {
	if code == ExitOK {
		return nil
	}
	return &Fault{Code: code}
}

// PrefixError names the object of an error that does not name it itself.
func PrefixError(object string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", object, err)
}

// Report prints what went wrong, and returns the exit code.
func (a *App) Report(cmd *cobra.Command, err error) int {
	if err == nil {
		err = a.Out.Err()
	}
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, syscall.EPIPE) || a.Out.Err() != nil && errors.Is(a.Out.Err(), syscall.EPIPE) {
		return ExitSignalBase + int(syscall.SIGPIPE) // nobody reads: as if the signal had ended it, as it ends others
	}
	var faults proactor.Faults
	if errors.As(err, &faults) {
		_, _ = fmt.Fprintln(a.Err, faults.Error())
		return ExitUsage
	}
	f := a.Classify(cmd, err)
	if f.Err != nil {
		_, _ = fmt.Fprintf(a.Err, "%s: %s\n", commandLabel(cmd), terminal.OneLine(f.Err.Error()))
	}
	if f.NextStep != "" {
		_, _ = fmt.Fprintln(a.Err, f.NextStep)
	}
	return f.Code
}

// commandLabel is the verb with its colons: "initiator: task: wait".
func commandLabel(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", ": ") }

// Classify is the one table from an error to its exit code and next step. The
// command is looked at only before a verb has begun; it may be nil after that.
func (a *App) Classify(cmd *cobra.Command, err error) *Fault {
	var known *Fault
	var gone *client.Unreachable
	var sig Interrupted
	switch {
	case errors.As(err, &known):
		return NewFault(known.Code, errUnlessSilent(known.Err, err), known.NextStep)
	case errors.As(err, &gone):
		return NewFault(ExitInternal, err, StartAdvice(gone))
	case errors.As(err, &sig):
		return NewFault(ExitSignalBase+int(sig.Signal), err, "")
	case errors.Is(err, context.DeadlineExceeded):
		return NewFault(ExitTimeout, err, "")
	case errors.Is(err, &client.Error{Status: http.StatusTooManyRequests}):
		return NewFault(ExitRefused, err, "")
	case errors.Is(err, &client.Error{Status: http.StatusNotFound}):
		return NewFault(ExitNotFound, err, "")
	case errors.Is(err, &client.Error{Status: http.StatusBadRequest}), errors.Is(err, &client.Error{Status: http.StatusUnprocessableEntity}):
		return NewFault(ExitUsage, err, "")
	case !a.Began:
		return explainMisuse(cmd, err)
	}
	return NewFault(ExitInternal, err, "")
}

// errUnlessSilent keeps a fault without words silent, and the whole chain of one with.
func errUnlessSilent(inner, whole error) error {
	if inner == nil {
		return nil
	}
	return whole
}

// StartAdvice is the next step when nobody answers on a socket.
func StartAdvice(u *client.Unreachable) string {
	if errors.Is(u.Err, syscall.EACCES) {
		return "the socket belongs to another user: run this as that user, or set socket_mode in [initiator]"
	}
	return "`initiator up` starts one; -c names its INI, --state-dir its state directory"
}
