package keeper

import (
	"slices"
	"time"
)

// ruins are the cgroups of workers of which nothing is left, that the kernel
// does not let go of yet. It does so within a moment, and nobody waits for it.
type ruins struct {
	dirs []string
	next time.Time // when to try again; zero = there are none
}

// leave removes a cgroup, now or soon.
func (l *loop) leave(dir string) {
	if removeCgroup(dir) {
		return
	}
	l.ruins.dirs = append(l.ruins.dirs, dir)
	l.ruins.next = earlier(l.ruins.next, time.Now().Add(firstPause))
}

// left tries again; it reports whether no cgroup remains. One that somebody
// else put a process into is not ours to empty, and is left to them.
func (l *loop) left() bool {
	l.ruins.dirs = slices.DeleteFunc(l.ruins.dirs, removeCgroup)
	l.ruins.next = time.Time{}
	if len(l.ruins.dirs) > 0 {
		l.ruins.next = time.Now().Add(lastPause)
	}
	return len(l.ruins.dirs) == 0
}
