package keeper

import (
	"sync"

	"golang.org/x/sys/unix"
)

// untaggedLimit is the limit RLIMIT_RTTIME of a process that gets no tag, and
// whether a process can get a tag: a limit that is in force is not replaced. The
// tag of a keeper that another keeper started is no limit.
var untaggedLimit = sync.OnceValues(func() (unix.Rlimit, bool) {
	var r unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_RTTIME, nil, &r) != nil {
		return r, false
	}
	return r, r.Cur >= tagBase && r.Max == unix.RLIM_INFINITY
})

// setInheritedTag sets the tag that every child inherits from now on; 0 = none.
// Only the fork thread calls it. The limit is the whole keeper's, which never runs with
// realtime priority.
func setInheritedTag(tag uint64) {
	r, ok := untaggedLimit()
	if !ok {
		return
	}
	if tag != 0 {
		r.Cur = tag
	}
	_ = unix.Prlimit(0, unix.RLIMIT_RTTIME, &r, nil) // without a tag the worker runs all the same
}

// setLeftTag marks a process as left, and all its later children with it. A
// process of another user may refuse it in a container; it is then known by its
// number and start time only.
func setLeftTag(pid int, tag uint64) {
	tag = LeftTag(tag)
	var r unix.Rlimit
	if tag == 0 || unix.Prlimit(pid, unix.RLIMIT_RTTIME, nil, &r) != nil || r.Cur < tagBase || r.Max != unix.RLIM_INFINITY {
		return // with a limit of its own, too
	}
	r.Cur = tag
	_ = unix.Prlimit(pid, unix.RLIMIT_RTTIME, &r, nil) // see above
}
