package pid1

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes this process the parent of orphaned descendants. Process 1
// is their parent in any case.
func adoptOrphans() error {
	if os.Getpid() == 1 {
		return nil
	}
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// childAttributes returns the attributes of the child: a process group of its
// own, and SIGTERM when this process is killed, so that the child stops in
// order.
func childAttributes(foreground bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Foreground: foreground, Ctty: 0, Pdeathsig: syscall.SIGTERM}
}
