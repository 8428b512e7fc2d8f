//go:build !linux

package trustedpath

import (
	"golang.org/x/sys/unix"
)

const directoryFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

// look examines a name in a directory. Without O_PATH there is no descriptor of
// a link, and another link could come between the look at its owner and the
// reading of its target. So in a directory in which other users can replace a
// link, a link counts as theirs.
func look(dir int, name string) (component, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return component{}, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		fd, err := openAt(dir, name, directoryFlags|unix.O_NOFOLLOW, 0)
		return component{dir: fd}, err
	case unix.S_IFLNK:
		c := component{dir: -1, link: true, uid: st.Uid}
		if uid, ok := replacingUser(dir); ok {
			c.uid = uid
			return c, nil
		}
		target := make([]byte, unix.PathMax)
		n, err := unix.Readlinkat(dir, name, target)
		c.target = string(target[:max(n, 0)])
		return c, err
	}
	return component{dir: -1}, nil
}

// replacingUser returns the user, not trusted, who can replace the links of a
// directory. When a group or all users can, it is the highest uid.
func replacingUser(dir int) (uid uint32, ok bool) {
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return ^uint32(0), true
	}
	if !isTrusted(st.Uid) {
		return st.Uid, true
	}
	return ^uint32(0), st.Mode&0o022 != 0 && st.Mode&unix.S_ISVTX == 0
}

func openPlain(string, int) (int, error) { return -1, unix.ENOSYS }

const checkFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
