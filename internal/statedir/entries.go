package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"initiator/internal/ownership"
)

// ForeignError says that another user may have put a file into the state directory,
// or changed it.
type ForeignError struct {
	Path string
	Why  string // such as "belongs to user 1000"
}

// Error says what to do.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s in the state directory %s, so another user may have planted or changed it: remove it, or when it is yours, give it to the initiator's user with mode 0600", e.Path, e.Why)
}

// entryKinds are the files that an initiator reads or replaces, as patterns, with
// their type. What stands at other names is not looked at.
var entryKinds = []struct {
	pattern string
	kind    fs.FileMode
}{
	{lockName, 0},
	{tokenName, 0},
	{apiAddressName, 0},
	{pausedPoolsName, 0},
	{scheduleTicksName, 0},
	{LastKnownName, 0},
	{damagedTasksName, 0},
	{"tasks.*.log", 0},
	{"tasks.end", 0},
	{snapshotsName, fs.ModeDir},
	{filepath.Join(snapshotsName, "*.json"), 0},
	{"initiator.sock", fs.ModeSocket},
	{"keeper.sock", fs.ModeSocket},
}

// checkEntries returns a *ForeignError for each file of the open directory that is a
// link, or that another user owns or can write. In a shared directory it returns an
// error for links and other types of files only.
func (d *Dir) checkEntries() error {
	var faults []error
	for _, k := range entryKinds {
		names := []string{k.pattern}
		if strings.Contains(k.pattern, "*") { // a name alone would be followed by Glob
			names, _ = fs.Glob(d.root.FS(), k.pattern) // only the pattern could be wrong
		}
		for _, name := range names {
			info, err := d.root.Lstat(name)
			if err != nil {
				continue // there is none
			}
			if why := d.foreignEntry(info, k.kind); why != "" {
				faults = append(faults, &ForeignError{filepath.Join(d.path, name), why})
			}
		}
	}
	return errors.Join(faults...)
}

// foreignEntry says why a file may not be the initiator's own; "" = it is.
func (d *Dir) foreignEntry(info fs.FileInfo, kind fs.FileMode) string {
	facts := ownership.FactsOf(info)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a link"
	case info.Mode().Type() != kind:
		return "is not what the initiator makes there"
	case info.Name() == lockName && facts.Links > 1: // its content is replaced
		return "has another name too"
	case d.shared: // owners and modes need not mean anything there
		return ""
	case facts.Foreign(d.owner) != "":
		return facts.Foreign(d.owner)
	case kind != fs.ModeSocket:
		return facts.Writable()
	}
	return ""
}

// adoptOwner makes root use the directory of another user as that user: the owner of
// the directory, or of the lock in a directory of root that every user can write. It
// notes whether the directory is shared.
func (d *Dir) adoptOwner() error {
	facts, err := d.facts()
	d.shared = facts.Writable() != "" || facts.UID != d.owner && d.owner != 0
	if err != nil || d.owner != 0 {
		return err
	}
	if info, err := d.root.Lstat(lockName); err == nil && facts.UID == 0 && facts.Writable() != "" {
		lock := ownership.FactsOf(info)
		facts.UID, facts.GID = lock.UID, lock.GID
	}
	d.owner, d.group = facts.UID, facts.GID
	return nil
}

// chownNew gives a new file to the owner of the directory's files.
func (d *Dir) chownNew(f *os.File) error {
	if d.owner == os.Geteuid() {
		return nil
	}
	return f.Chown(d.owner, d.group)
}
