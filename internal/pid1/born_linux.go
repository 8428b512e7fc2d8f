package pid1

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// adoptOrphans has those come here that descend from us. Process 1 gets them
// anyway.
func adoptOrphans() error {
	if os.Getpid() == 1 {
		return nil
	}
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// childAttributes give the child a process group of its own. Should this process be
// killed, the child is asked to end, in its own order.
func childAttributes(foreground bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Foreground: foreground, Ctty: 0, Pdeathsig: syscall.SIGTERM}
}
