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

// Fault is an error with an exit code and a next step for the user.
type Fault struct {
	Code     int
	Err      error  // nil = only the code counts
	NextStep string // a sentence; "" = none
}

// NewFault returns a fault. The next step is a line of its own below the error;
// "" = none.
func NewFault(code int, err error, nextStep string) *Fault { return &Fault{code, err, nextStep} }

func (f *Fault) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("exit code %d", f.Code)
	}
	return f.Err.Error()
}

func (f *Fault) Unwrap() error { return f.Err }

// UsageFault marks an error in the command line.
func UsageFault(err error) error { return &Fault{Code: ExitUsage, Err: err} }

// ExitWith ends the program with a code and prints nothing: everything has been
// printed. It returns nil for ExitOK.
func ExitWith(code int) error {
	if code == ExitOK {
		return nil
	}
	return &Fault{Code: code}
}

// PrefixError names the object of an error that does not name it itself; nil
// for nil.
func PrefixError(object string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", object, err)
}

// Report prints an error on stderr, and returns the exit code. For nil it
// reports an error of an earlier write to stdout.
func (a *App) Report(cmd *cobra.Command, err error) int {
	if err == nil {
		err = a.Out.Err()
	}
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, syscall.EPIPE) || a.Out.Err() != nil && errors.Is(a.Out.Err(), syscall.EPIPE) {
		return ExitSignalBase + int(syscall.SIGPIPE) // the reader has closed the pipe: end as SIGPIPE ends other programs
	}
	var faults proactor.Faults
	if errors.As(err, &faults) {
		_, _ = fmt.Fprintln(a.Err, terminal.Escape(faults.Error()))
		return ExitUsage
	}
	f := a.Classify(cmd, err)
	if f.Err != nil {
		_, _ = fmt.Fprintf(a.Err, "%s: %s\n", commandLabel(cmd), terminal.OneLine(f.Err.Error()))
	}
	if f.NextStep != "" {
		_, _ = fmt.Fprintln(a.Err, terminal.Escape(f.NextStep))
	}
	return f.Code
}

// commandLabel returns the path of a verb with colons: "initiator: task: wait".
func commandLabel(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", ": ") }

// Classify is the one table from an error to its exit code and next step.
// Before a verb has begun, it explains what is wrong with the command line of
// cmd; after that cmd may be nil.
func (a *App) Classify(cmd *cobra.Command, err error) *Fault {
	var known *Fault
	var gone *client.UnreachableError
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
	case errors.Is(err, &client.Error{Status: http.StatusRequestEntityTooLarge}):
		return NewFault(ExitUsage, err, "a request may have 64 MiB: write the data to a file, and give the task its path")
	case errors.Is(err, &client.Error{Status: http.StatusBadRequest}), errors.Is(err, &client.Error{Status: http.StatusUnprocessableEntity}):
		return NewFault(ExitUsage, err, "")
	case !a.Began:
		return explainMisuse(cmd, err)
	}
	return NewFault(ExitInternal, err, "")
}

// errUnlessSilent keeps a fault without an error silent, and returns the whole
// chain of errors for any other fault.
func errUnlessSilent(inner, whole error) error {
	if inner == nil {
		return nil
	}
	return whole
}

// StartAdvice returns the next step when no initiator answers on a socket.
func StartAdvice(u *client.UnreachableError) string {
	if errors.Is(u.Err, syscall.EACCES) {
		return "the socket belongs to another user: run this as that user, or set socket_mode and socket_group in [initiator]"
	}
	return "`initiator up` starts one; -c names its INI, --state-dir its state directory"
}
