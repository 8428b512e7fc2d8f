package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/proactor"
)

// The exit codes.
const (
	ExitOK            = 0
	ExitFailed        = 1   // the task failed, is dead or was cancelled
	ExitUsage         = 2   // usage, or a bad INI
	ExitNotRunning    = 3   // of status: not everything is running
	ExitStatusUnknown = 4   // of status: it cannot be told
	ExitTimeout       = 124 // a timeout, a deadline, or --wait is over
	ExitInternal      = 125 // the initiator itself could not do it
	ExitRefused       = 126 // the queue is full
	ExitNotFound      = 127 // there is no such pool or worker
	ExitSignalBase    = 128 // plus the signal
)

// Fault is an error that knows its exit code, and what to do next.
type Fault struct {
	Code     int
	Err      error  // nil = there is nothing more to say than the code
	NextStep string // a sentence for a line of its own; "" = err says it
}

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
func (a *app) Report(cmd *cobra.Command, err error) int {
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
		_, _ = fmt.Fprintf(a.Err, "%s: %s\n", commandLabel(cmd), OneLine(f.Err.Error()))
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
func (a *app) Classify(cmd *cobra.Command, err error) *Fault {
	var known *Fault
	var gone *client.Unreachable
	var sig Interrupted
	switch {
	case errors.As(err, &known):
		return &Fault{known.Code, errUnlessSilent(known.Err, err), known.NextStep}
	case errors.As(err, &gone):
		return &Fault{ExitInternal, err, StartAdvice(gone)}
	case errors.As(err, &sig):
		return &Fault{ExitSignalBase + int(sig.Signal), err, ""}
	case errors.Is(err, context.DeadlineExceeded):
		return &Fault{ExitTimeout, err, ""}
	case errors.Is(err, &client.Error{Status: http.StatusTooManyRequests}):
		return &Fault{ExitRefused, err, ""}
	case errors.Is(err, &client.Error{Status: http.StatusNotFound}):
		return &Fault{ExitNotFound, err, ""}
	case errors.Is(err, &client.Error{Status: http.StatusBadRequest}), errors.Is(err, &client.Error{Status: http.StatusUnprocessableEntity}):
		return &Fault{ExitUsage, err, ""}
	case !a.Began:
		return explainMisuse(cmd, err)
	}
	return &Fault{ExitInternal, err, ""}
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

// OneLine keeps an error on its line.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
