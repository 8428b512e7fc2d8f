package ownership

import (
	"fmt"
	"io/fs"
	"os/user"
	"strconv"
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
	return BelongsTo(f.UID)
}

// BelongsTo says which user owns a file, such as "belongs to user 1000 (alice)".
func BelongsTo(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil && u.Username != "" {
		return "belongs to user " + id + " (" + u.Username + ")"
	}
	return "belongs to user " + id
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

// findWeaknesses returns how other users than root and uid can change what stands at
// a path. The members of the user's own group gid count as the user, because many
// systems give each user a group. In a sticky directory a file belongs to its owner
// alone.
func (f Facts) findWeaknesses(uid, gid int) (found []Weakness) {
	if foreign := f.Foreign(uid); foreign != "" {
		found = append(found, Weakness{By: AnotherOwner, Why: foreign})
	}
	everyone := f.Mode.Perm()&0o002 != 0
	sticky := f.Mode&(fs.ModeDir|fs.ModeSticky) == fs.ModeDir|fs.ModeSticky
	switch why := f.Writable(); {
	case why == "" || sticky:
	case everyone:
		found = append(found, Weakness{By: EveryUser, Why: why})
	case f.GID != gid && f.GID != 0:
		found = append(found, Weakness{By: AnotherGroup, Why: why})
	}
	return found
}
