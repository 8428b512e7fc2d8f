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
	exitOK         = 0
	exitFailed     = 1   // the task failed, is dead or was cancelled
	exitUsage      = 2   // usage, or a bad INI
	exitNotRunning = 3   // of status: not everything is running
	exitNotKnown   = 4   // of status: it cannot be told
	exitTimeout    = 124 // a timeout, a deadline, or --wait is over
	exitOwn        = 125 // the initiator itself could not do it
	exitRefused    = 126 // the queue is full
	exitUnknown    = 127 // there is no such pool or worker
	exitSignal     = 128 // plus the signal
)

// fault is an error that knows its exit code, and what to do next.
type fault struct {
	code int
	err  error  // nil = there is nothing more to say than the code
	next string // a sentence for a line of its own; "" = err says it
}

func (f *fault) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f *fault) Unwrap() error { return f.err }

// usage marks a fault of whoever typed the command.
func usage(err error) error { return &fault{code: exitUsage, err: err} }

// silent ends with a code, without a word: everything has been said.
func silent(code int) error {
	if code == exitOK {
		return nil
	}
	return &fault{code: code}
}

// on names the object of an error that does not name it itself.
func on(object string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", object, err)
}

// report prints what went wrong, and returns the exit code.
func (a *app) report(cmd *cobra.Command, err error) int {
	if err == nil {
		err = a.out.failed()
	}
	if err == nil {
		return exitOK
	}
	if errors.Is(err, syscall.EPIPE) || a.out.failed() != nil && errors.Is(a.out.failed(), syscall.EPIPE) {
		return exitSignal + int(syscall.SIGPIPE) // nobody reads: as if the signal had ended it, as it ends others
	}
	var faults proactor.Faults
	if errors.As(err, &faults) {
		_, _ = fmt.Fprintln(a.err, faults.Error())
		return exitUsage
	}
	f := a.classify(cmd, err)
	if f.err != nil {
		_, _ = fmt.Fprintf(a.err, "%s: %s\n", spoken(cmd), oneLine(f.err.Error()))
	}
	if f.next != "" {
		_, _ = fmt.Fprintln(a.err, f.next)
	}
	return f.code
}

// spoken is the verb with its colons: "initiator: task: wait".
func spoken(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", ": ") }

// classify is the one table from an error to its exit code and next step. The
// command is looked at only before a verb has begun; it may be nil after that.
func (a *app) classify(cmd *cobra.Command, err error) *fault {
	var known *fault
	var gone *client.Unreachable
	var sig interrupted
	switch {
	case errors.As(err, &known):
		return &fault{known.code, orNil(known.err, err), known.next}
	case errors.As(err, &gone):
		return &fault{exitOwn, err, startOne(gone)}
	case errors.As(err, &sig):
		return &fault{exitSignal + int(sig.signal), err, ""}
	case errors.Is(err, context.DeadlineExceeded):
		return &fault{exitTimeout, err, ""}
	case errors.Is(err, &client.Error{Status: http.StatusTooManyRequests}):
		return &fault{exitRefused, err, ""}
	case errors.Is(err, &client.Error{Status: http.StatusNotFound}):
		return &fault{exitUnknown, err, ""}
	case errors.Is(err, &client.Error{Status: http.StatusBadRequest}), errors.Is(err, &client.Error{Status: http.StatusUnprocessableEntity}):
		return &fault{exitUsage, err, ""}
	case !a.began:
		return misuse(cmd, err)
	}
	return &fault{exitOwn, err, ""}
}

// orNil keeps a fault without words silent, and the whole chain of one with.
func orNil(inner, whole error) error {
	if inner == nil {
		return nil
	}
	return whole
}

// startOne is the next step when nobody answers on a socket.
func startOne(u *client.Unreachable) string {
	if errors.Is(u.Err, syscall.EACCES) {
		return "the socket belongs to another user: run this as that user, or set socket_mode in [initiator]"
	}
	return "`initiator up` starts one; -c names its INI, --state-dir its state directory"
}

// oneLine keeps an error on its line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
