package trustedpath

import (
	"golang.org/x/sys/unix"
)

// directoryFlags open a directory of which this process may only go through.
const directoryFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC

// look examines a name in a directory. O_PATH opens a link itself, a fifo
// without waiting, and a device without an effect.
func look(dir int, name string) (component, error) {
	fd, err := openAt(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return component{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		_ = unix.Close(fd)
		return component{}, err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return component{dir: fd}, nil
	}
	defer func() { _ = unix.Close(fd) }()
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return component{dir: -1}, nil
	}
	c := component{dir: -1, link: true, uid: st.Uid}
	var fsys unix.Statfs_t
	if unix.Fstatfs(fd, &fsys) == nil && fsys.Type == unix.PROC_SUPER_MAGIC {
		c.procfs = true
		return c, nil
	}
	c.target, err = readLinkOf(fd)
	return c, err
}

// readLinkOf returns the target of an open link.
func readLinkOf(fd int) (string, error) {
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", target)
	return string(target[:max(n, 0)]), err
}

// openPlain opens a path that leads through no link at all, in one system call.
// Every error means that the path must be resolved: also the errors of kernels
// and sandboxes without openat2.
func openPlain(path string, flags int) (fd int, err error) {
	return unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_NO_SYMLINKS})
}

// checkFlags open a file without an effect on it.
const checkFlags = unix.O_PATH | unix.O_CLOEXEC
