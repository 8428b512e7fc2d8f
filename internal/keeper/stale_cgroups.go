package keeper

import (
	"slices"
	"time"
)

// staleCgroups holds the cgroups of workers that have ended which the kernel
// does not remove yet. It does so within a moment, and no order waits for it.
type staleCgroups struct {
	dirs []string
	next time.Time // when to try again; zero = there are none
}

// removeCgroup removes a cgroup, now or soon.
func (l *loop) removeCgroup(dir string) {
	if removeCgroupDir(dir) {
		return
	}
	l.staleCgroups.dirs = append(l.staleCgroups.dirs, dir)
	l.staleCgroups.next = earliest(l.staleCgroups.next, time.Now().Add(firstKillInterval))
}

// retryRemoval tries again to remove the stale cgroups, and reports whether
// none remains. A cgroup into which another program put a process is not the
// keeper's to empty, and stays.
func (l *loop) retryRemoval() bool {
	l.staleCgroups.dirs = slices.DeleteFunc(l.staleCgroups.dirs, removeCgroupDir)
	l.staleCgroups.next = time.Time{}
	if len(l.staleCgroups.dirs) > 0 {
		l.staleCgroups.next = time.Now().Add(maxKillInterval)
	}
	return len(l.staleCgroups.dirs) == 0
}
