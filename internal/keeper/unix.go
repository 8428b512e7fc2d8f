package keeper

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// setNice changes the priority of a process that has just started.
func setNice(pid, nice int) []error {
	if nice == 0 {
		return nil
	}
	err := unix.Setpriority(unix.PRIO_PROCESS, pid, nice)
	if err == nil || errors.Is(err, unix.ESRCH) {
		return nil
	}
	return []error{fmt.Errorf("nice = %d is not in force: %w", nice, err)}
}

// groupAlive reports whether a process group has members.
func groupAlive(group int) bool { return unix.Kill(-group, 0) == nil }
