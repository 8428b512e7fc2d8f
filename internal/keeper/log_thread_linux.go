package keeper

import (
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// separateDescriptors locks the calling goroutine to its thread, for life, and
// gives the thread a descriptor table of its own with only the descriptors in
// keep, and with /dev/null as its standard ones. A process that is killed while one of its threads
// hangs in a system call does not end before the call returns, and what is in
// that thread's table stays open. With the sockets, the initiator would not learn
// that the keeper was killed. With stderr, `initiator up | cat` would not end. Where the kernel does not allow a table of its own, the
// initiator learns it when the disk works again.
func separateDescriptors(keep ...int) {
	runtime.LockOSThread()
	slices.Sort(keep)
	flags := uint(unix.CLOSE_RANGE_UNSHARE)
	next := uint(math.MaxUint32)
	for _, fd := range slices.Backward(append([]int{0, 1, 2}, keep...)) {
		if first := uint(fd) + 1; first <= next {
			if unix.CloseRange(first, next, flags) != nil {
				return
			}
			flags = 0
		}
		next = uint(fd) - 1
	}
	_ = unix.Dup3(0, 2, 0) // /dev/null cannot fail; a reader of stderr would wait for the disk
}

// runtimeDescriptors returns the descriptors of the Go runtime, which the
// runtime uses on whatever thread it is. own is the keeper's own epoll
// descriptor. The fork thread has made the runtime open them.
func runtimeDescriptors(own int) (list []int) {
	names, _ := os.ReadDir("/proc/self/fd") // without /proc there is no keeper
	for _, name := range names {
		fd, err := strconv.Atoi(name.Name())
		if to, _ := os.Readlink("/proc/self/fd/" + name.Name()); err == nil && fd != own && strings.HasPrefix(to, "anon_inode:[event") {
			list = append(list, fd)
		}
	}
	return list
}
