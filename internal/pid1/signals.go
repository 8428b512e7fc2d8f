package pid1

import (
	"os"
	"os/signal"
	"syscall"
)

// forwardedSignals returns the signals that the child gets from this process:
// the signals with which a person, a container engine or a script controls a
// program. Signals about this process alone (CHLD, PIPE, faults), of Go's
// scheduler (URG), and of a terminal to background processes (TTIN, TTOU) are
// not forwarded. A HUP that is ignored, as under nohup, stays ignored, and the
// child inherits that.
func forwardedSignals() []os.Signal {
	list := []os.Signal{
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGWINCH,
	}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}
