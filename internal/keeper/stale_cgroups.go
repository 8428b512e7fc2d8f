package keeper

import (
	"slices"
	"time"
)

// staleCgroups are the cgroups of workers of which nothing is left, that the kernel
// does not let go of yet. It does so within a moment, and nobody waits for it.
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

// retryRemoval tries again; it reports whether no cgroup remains. One that somebody
// else put a process into is not ours to empty, and is left to them.
func (l *loop) retryRemoval() bool {
	l.staleCgroups.dirs = slices.DeleteFunc(l.staleCgroups.dirs, removeCgroupDir)
	l.staleCgroups.next = time.Time{}
	if len(l.staleCgroups.dirs) > 0 {
		l.staleCgroups.next = time.Now().Add(maxKillInterval)
	}
	return len(l.staleCgroups.dirs) == 0
}
