package port

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// ExhaustedError says that no port of a range is free. The user can widen the
// range or run fewer workers.
type ExhaustedError struct {
	Range Range
	// HeldHere counts the ports that this allocator holds, Excluded the ports that the
	// caller or a listen_port excludes, Others the ports that another program
	// on this machine has. They add up to the range.
	HeldHere, Excluded, Others int
}

// Error names the range, how many of its ports are taken by whom, and the keys
// to change.
func (e *ExhaustedError) Error() string {
	if e.Range.Min > e.Range.Max {
		return fmt.Sprintf("choose port: child_port_min = %d is above child_port_max = %d in [initiator]; exchange them", e.Range.Min, e.Range.Max)
	}
	all := e.Range.Max - e.Range.Min + 1
	return fmt.Sprintf("choose port on %s: %d of %d ports of %d…%d are taken (%s); widen child_port_min … child_port_max in [initiator], or run fewer workers",
		e.Range.hostOrDefault(), e.HeldHere+e.Excluded+e.Others, all, e.Range.Min, e.Range.Max, e.describeCounts())
}

func (e *ExhaustedError) describeCounts() string {
	return fmt.Sprintf("%d by this initiator, %d in use or configured, %d by other programs", e.HeldHere, e.Excluded, e.Others)
}

// TakenError says that a fixed port is in use.
type TakenError struct {
	Addr string
	Port int
	// HeldHere: another worker of this allocator has it.
	HeldHere bool
	// PID and Command name the process that listens on the port; 0 and "" when
	// it was not found: it is another user's, it holds the port without
	// listening, or the system does not say.
	PID     int
	Command string
	// Err is the kernel's error; nil when HeldHere.
	Err error
}

// Error names the holder where it is known, and what to change.
func (e *TakenError) Error() string {
	return fmt.Sprintf("take port %s: taken by %s; %s", joinHostPort(e.Addr, e.Port), e.describeHolder(), e.suggestRemedy())
}

// Unwrap returns the kernel's error, so that errors.Is(err, syscall.EADDRINUSE)
// holds.
func (e *TakenError) Unwrap() error { return e.Err }

func (e *TakenError) describeHolder() string {
	switch {
	case e.HeldHere:
		return "another worker of this initiator"
	case e.PID != 0:
		return strings.TrimSpace(fmt.Sprintf("process %d %s", e.PID, e.Command))
	}
	return "a process that could not be identified (another user's, another initiator's reservation, or an open connection)"
}

func (e *TakenError) suggestRemedy() string {
	if e.PID != 0 {
		return "end that process, or give the worker another port (`port = auto` takes a free one)"
	}
	return "give the worker another port (`port = auto` takes a free one)"
}

// explainRefusal adds the address to a kernel's refusal, and what to do about
// the refusals that a wrong configuration causes.
func explainRefusal(addr string, port int, err error) error {
	remedy := ""
	switch {
	case errors.Is(err, unix.EADDRNOTAVAIL):
		remedy = "; this machine has no such address: correct listen_addr"
	case errors.Is(err, unix.EAFNOSUPPORT):
		remedy = "; this machine has no such IP version: correct listen_addr"
	case errors.Is(err, unix.EACCES):
		remedy = "; ports below 1024 are for root: take a higher one"
	}
	return fmt.Errorf("take port %s: %w%s", joinHostPort(addr, port), err, remedy)
}
