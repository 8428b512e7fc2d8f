package statedir

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// AllowSearch lets the users who may connect to a socket in the directory reach
// it: mode is the mode of the socket, and group its group, nil for the group of
// the directory. They may go through the directory, and neither list it nor
// write to it; its other files and directories are closed to them by their own
// modes. The directory must belong to this process's user.
func (d *Dir) AllowSearch(mode os.FileMode, group *uint32) error {
	var more uint32
	if mode&0o020 != 0 {
		more |= 0o010
	}
	if mode&0o002 != 0 {
		more |= 0o001
	}
	if more == 0 {
		return nil
	}
	if err := d.addMode(more, group); err != nil {
		return fmt.Errorf("let the group of the socket through %s: %w", d.path, err)
	}
	return nil
}

// addMode adds permissions to the directory, and gives it to a group.
func (d *Dir) addMode(more uint32, group *uint32) error {
	dir, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // it was only read
	fd := int(dir.Fd())
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if group != nil && st.Gid != *group {
		if err := unix.Fchown(fd, -1, int(*group)); err != nil {
			return err
		}
	}
	if mode := uint32(st.Mode) & 0o7777; mode|more != mode {
		return unix.Fchmod(fd, mode|more)
	}
	return nil
}
