package pid1

import (
	"os"
	"syscall"
)

// forwardedSignals returns the signals that the child gets from this process:
// the signals with which a person, a container engine or a script controls a
// program. Signals about this process alone (CHLD, PIPE, faults), of Go's
// scheduler (URG), and of a terminal to background processes (TTIN, TTOU) are
// not forwarded.
func forwardedSignals() []os.Signal {
	return []os.Signal{
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGWINCH,
	}
}
