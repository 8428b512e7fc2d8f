package logs

import (
	"fmt"

	"golang.org/x/sys/unix"

	"initiator/internal/trustedpath"
)

// Access says which permissions and which owner a log gets when it is made. The
// zero value is 0600 and the user of this process. A log that exists is never
// changed: a user who can write to its directory could have put another file there.
type Access struct {
	Mode uint32 `json:",omitempty"` // 0 = 0600
	// Exact gives a log exactly Mode. Otherwise Mode is subject to the umask, and a
	// log that follows a rotated log gets the permissions of that log.
	Exact bool `json:",omitempty"`
	// Owned gives a log the owner UID and GID. Otherwise a log that follows a
	// rotated log gets the owner of that log.
	Owned    bool   `json:",omitempty"`
	UID, GID uint32 `json:",omitempty"`
}

// privateMode is the mode of logs whose Access names none.
const privateMode = 0o600

// Predecessor is the log that had a name before.
type Predecessor struct {
	mode, uid, gid uint32
	known          bool
}

// PredecessorOf returns the attributes of an open log that is about to be closed.
func PredecessorOf(fd int) Predecessor {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return Predecessor{}
	}
	return Predecessor{mode: uint32(st.Mode) & 0o777, uid: st.Uid, gid: st.Gid, known: true}
}

// OpenAppend opens a log for appending, see [trustedpath.OpenAppend]. A log that is
// made gets its permissions and its owner; warning says why it did not get
// them. The zero Predecessor is none.
func OpenAppend(path string, access Access, before Predecessor) (fd int, warning, err error) {
	mode := access.Mode
	if mode == 0 {
		mode = privateMode
	}
	fd, created, err := trustedpath.OpenAppend(path, mode)
	if err != nil || !created {
		return fd, nil, err
	}
	if err := access.applyTo(fd, before); err != nil {
		warning = fmt.Errorf("log %s: %w", path, err)
	}
	return fd, warning, nil
}

// applyTo gives a log that was just made its permissions and its owner. The owner
// comes first, because a change of the owner can change permissions.
func (a Access) applyTo(fd int, before Predecessor) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	mode, uid, gid := uint32(st.Mode)&0o777, st.Uid, st.Gid
	if before.known {
		mode, uid, gid = before.mode, before.uid, before.gid
	}
	if a.Exact {
		mode = a.Mode
	}
	if a.Owned {
		uid, gid = a.UID, a.GID
	}
	if uid != st.Uid || gid != st.Gid {
		if err := unix.Fchown(fd, int(uid), int(gid)); err != nil {
			return fmt.Errorf("it belongs to the initiator's user, and not to uid %d and gid %d: %w", uid, gid, err)
		}
	}
	if mode != uint32(st.Mode)&0o777 {
		if err := unix.Fchmod(fd, mode); err != nil {
			return fmt.Errorf("its mode is not %04o: %w", mode, err)
		}
	}
	return nil
}
