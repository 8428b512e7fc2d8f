package pid1

import (
	"os"
	"syscall"
)

// forwardedSignals are the signals that the child gets from us: those by which a
// person, a container engine or a script says something to a program. Not
// among them is what says something of this process alone (CHLD, PIPE, faults)
// or comes from Go's own scheduler (URG), nor what a terminal does to the
// background (TTIN, TTOU).
func forwardedSignals() []os.Signal {
	return []os.Signal{
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGWINCH,
	}
}
