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
// keep and the standard ones. A process that is killed while one of its threads
// hangs in a system call does not end before the call returns, and the sockets
// of that thread's table stay open. So the initiator would not learn that the
// keeper was killed. Where the kernel does not allow a table of its own, the
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
