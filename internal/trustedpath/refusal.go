package trustedpath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// LinkError says that a path leads through a symbolic link of another user.
type LinkError struct {
	Link string // the path of the link
	UID  int    // the owner of the link
}

// Error says why the link is not followed, and what to do.
func (e *LinkError) Error() string {
	return fmt.Sprintf("the symbolic link %s belongs to user %d and is not followed, because its owner could make it lead to any file; remove it, or name the path behind it", e.Link, e.UID)
}

// HardLinkError says that a file has several names, of which another user can
// have made the name that was opened.
type HardLinkError struct {
	Path  string
	Names int // how many names the file has
}

// Error says why the file is not opened, and what to do.
func (e *HardLinkError) Error() string {
	return fmt.Sprintf("%s has %d names (hard links) and is not opened, because other users can write to its directory and could give any file this name; remove it", e.Path, e.Names)
}

// ErrNotRegular is the error of OpenRead for a device, a fifo or a directory.
// It is an fs.ErrNotExist, because there are no lines to read.
var ErrNotRegular = fmt.Errorf("not a regular file: %w", fs.ErrNotExist)

// IsRefusal reports whether err is a *LinkError or a *HardLinkError.
func IsRefusal(err error) bool {
	var link *LinkError
	var hard *HardLinkError
	return errors.As(err, &link) || errors.As(err, &hard)
}

// isTrusted reports whether files of a user may decide where this process
// writes: of root, and of the user of this process.
func isTrusted(uid uint32) bool { return uid == 0 || int(uid) == os.Geteuid() }

// isPrivate reports whether only trusted users can write to a directory.
func isPrivate(dir int) bool {
	var st unix.Stat_t
	return unix.Fstat(dir, &st) == nil && isTrusted(st.Uid) && st.Mode&0o022 == 0
}
