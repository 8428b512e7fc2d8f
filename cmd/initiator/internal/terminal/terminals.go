package terminal

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Terminals are the terminals of the process: the terminal that controls it, and
// the terminals that are its standard input, output and error.
type Terminals struct {
	fds         []int
	controlling int // its descriptor; -1 = no terminal controls the process
}

// OpenTerminals returns the terminals that the process has now.
func OpenTerminals() *Terminals {
	t := &Terminals{controlling: -1}
	if fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0); err == nil {
		t.controlling, t.fds = fd, append(t.fds, fd)
	}
	for fd := range 3 {
		if isOpenTerminal(fd) {
			t.fds = append(t.fds, fd)
		}
	}
	return t
}

// Close closes what OpenTerminals has opened.
func (t *Terminals) Close() {
	if t.controlling >= 0 {
		_ = unix.Close(t.controlling)
	}
}

// closeCheckInterval is the time between two looks at a terminal that may be
// closed soon.
const closeCheckInterval = 20 * time.Millisecond

// AwaitClosed waits until one of the terminals is closed, at most for patience
// and until ctx ends, and reports whether a terminal is closed. Without a terminal it does not
// wait.
func (t *Terminals) AwaitClosed(ctx context.Context, patience time.Duration) bool {
	if len(t.fds) == 0 {
		return false
	}
	tick := time.NewTicker(closeCheckInterval)
	defer tick.Stop()
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		if slices.ContainsFunc(t.fds, isClosedTerminal) {
			return true
		}
		select {
		case <-tick.C:
		case <-over.C:
			return slices.ContainsFunc(t.fds, isClosedTerminal)
		case <-ctx.Done():
			return false
		}
	}
}

// isOpenTerminal reports whether a descriptor is a terminal.
func isOpenTerminal(fd int) bool {
	_, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	return err == nil
}

// isClosedTerminal reports whether a descriptor that was a terminal has lost it:
// its other end was closed, or the line was hung up.
func isClosedTerminal(fd int) bool {
	_, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	return err != nil && !errors.Is(err, unix.EINTR)
}
