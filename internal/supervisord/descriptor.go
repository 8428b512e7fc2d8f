package supervisord

import (
	"fmt"
	"path"
	"strconv"

	"initiator/internal/trustedpath"
)

// DescriptorOf returns the number of the descriptor that a path names in the
// process that opens it, such as 3 for /dev/fd/3; ok is false for any other path.
// The symbolic links of an absolute path are followed where trustedpath follows them.
func DescriptorOf(name string) (fd int, ok bool) {
	if fd, ok := descriptorNamed(name); ok || !path.IsAbs(name) {
		return fd, ok
	}
	at, _ := trustedpath.Reach(name, func(at string) bool {
		_, ok := descriptorNamed(at)
		return ok
	})
	return descriptorNamed(at)
}

// descriptorNamed is DescriptorOf without links.
func descriptorNamed(name string) (fd int, ok bool) {
	name = path.Clean(name)
	switch name {
	case "/dev/stdin":
		return 0, true
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	dir, number := path.Split(name)
	switch dir {
	case "/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/":
		n, err := strconv.ParseUint(number, 10, 31)
		return int(n), err == nil
	}
	return 0, false
}

// NoOutput says why a log cannot be written to a descriptor other than 1 and 2,
// and what would be right.
func NoOutput(name string, fd int) (problem, remedy string) {
	return fmt.Sprintf("%s is descriptor %d of the initiator, which is not an output", name, fd),
		"write /dev/stdout, /dev/stderr or the path of a file"
}

// checkDescriptor reports a log at a descriptor that is no output.
func (c *sectionReader) checkDescriptor(key, name string) {
	if fd, ok := DescriptorOf(absolutePath(name)); ok && fd != 1 && fd != 2 {
		problem, remedy := NoOutput(name, fd)
		c.addFaultAt(key, problem, remedy)
	}
}
