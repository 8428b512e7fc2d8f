package ownership

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Facts are the owner, the group and the permissions of a file or a directory.
type Facts struct {
	UID, GID int
	Mode     fs.FileMode
	Links    uint64 // number of its names
}

// FactsOf returns the facts that the operating system has stored.
func FactsOf(info fs.FileInfo) Facts {
	f := Facts{Mode: info.Mode(), Links: 1}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		f.UID, f.GID, f.Links = int(st.Uid), int(st.Gid), uint64(st.Nlink)
	}
	return f
}

// writableByOthers are the permissions of the group and of all users to write.
const writableByOthers = 0o022

// Foreign says which other user than root and uid owns the file; "" = none does.
func (f Facts) Foreign(uid int) string {
	if f.UID == uid || f.UID == 0 {
		return ""
	}
	return fmt.Sprintf("belongs to user %d", f.UID)
}

// Writable says who else than the owner can write the file; "" = no other user can.
func (f Facts) Writable() string {
	switch {
	case f.Mode.Perm()&0o002 != 0:
		return fmt.Sprintf("can be written by every user (mode %04o)", f.Mode.Perm())
	case f.Mode.Perm()&writableByOthers != 0:
		return fmt.Sprintf("can be written by group %d (mode %04o)", f.GID, f.Mode.Perm())
	}
	return ""
}

// WithoutWriters returns the mode without the permissions of others to write.
func (f Facts) WithoutWriters() fs.FileMode { return f.Mode &^ writableByOthers }

// replaceable says why another user than uid can change or replace what stands at a
// path; "" = none can. The members of the user's own group gid count as the user,
// because many systems give each user a group. In a sticky directory a file belongs
// to its owner alone.
func (f Facts) replaceable(uid, gid int) string {
	if foreign := f.Foreign(uid); foreign != "" {
		return foreign
	}
	ownGroup := f.Mode.Perm()&0o002 == 0 && (f.GID == gid || f.GID == 0)
	if ownGroup || f.Mode&(fs.ModeDir|fs.ModeSticky) == fs.ModeDir|fs.ModeSticky {
		return ""
	}
	return f.Writable()
}

// CheckPath returns an error when another user than root and the user of this
// process can change or replace the file at path: the file, or a directory above it,
// belongs to the other user or can be written by the user. The path must be absolute
// and have no links in it.
func CheckPath(path string) error {
	for {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if why := FactsOf(info).replaceable(os.Geteuid(), os.Getegid()); why != "" {
			return fmt.Errorf("%s %s", path, why)
		}
		above := filepath.Dir(path)
		if above == path {
			return nil
		}
		path = above
	}
}
