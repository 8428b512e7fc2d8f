package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"initiator/internal/ownership"
)

// privateName is the name of a user's directory inside a directory that other users
// can change. Package stateclaim knows the form of the name too.
func privateName(uid int) string { return privatePrefix + strconv.Itoa(uid) }

const privatePrefix = "uid-"

// Locate returns the state directory that is used for the path of state_dir: the
// path, or the private directory in it that an initiator has made. Root finds the
// private directory of another user when there is one only.
func Locate(path string) string {
	if private := filepath.Join(path, privateName(os.Geteuid())); isPrivateOf(private, os.Geteuid()) {
		return private
	}
	if os.Geteuid() != 0 {
		return path
	}
	found, _ := filepath.Glob(filepath.Join(path, privatePrefix+"*")) // only the pattern could be wrong
	if len(found) != 1 {
		return path
	}
	uid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(found[0]), privatePrefix))
	if err != nil || !isPrivateOf(found[0], uid) {
		return path
	}
	return found[0]
}

// isPrivateOf reports whether a user has made the directory at path.
func isPrivateOf(path string, uid int) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir() && ownership.FactsOf(info).UID == uid
}

// ensurePrivate makes sure that no other user can change the open directory. A
// directory of this user loses the permissions of others to write. Where that has
// no effect, and in a directory of another user, a private directory in it is used.
// Where that is not possible, the directory is refused, or used as it is when unsafe
// directories are allowed.
func (d *Dir) ensurePrivate(allow bool) error {
	why, err := d.makePrivate()
	if err != nil || why == "" {
		d.warnOfParents()
		return err
	}
	if allow {
		d.shared = true
		d.unsafe = fmt.Sprintf("the state directory %s %s: another user can read, change and replace the tasks, the API's token and the secrets of workers; set state_dir to a directory of user %d (state_dir_unsafe = allow permits this one)", d.path, why, d.owner)
		return nil
	}
	if err := d.usePrivate(); err != nil {
		return fmt.Errorf("the state directory %s %s, so another user could change the tasks and the API's token, and %w; set state_dir in [initiator] to a directory of user %d, or state_dir_unsafe = allow if every user who can write it may do what the initiator can", d.path, why, err, d.owner)
	}
	return nil
}

// makePrivate says why another user can change the open directory, after it has
// removed the permissions of others; "" = no other user can.
func (d *Dir) makePrivate() (why string, err error) {
	facts, err := d.facts()
	if err != nil {
		return "", err
	}
	if facts.UID != d.owner {
		return fmt.Sprintf("belongs to user %d and the initiator runs as user %d", facts.UID, d.owner), nil
	}
	before := facts.Writable()
	if before == "" {
		return "", nil
	}
	_ = d.handle.Chmod(facts.WithoutWriters()) // the mode afterwards says whether it had an effect
	if facts, err = d.facts(); err != nil {
		return "", err
	}
	if why = facts.Writable(); why == "" {
		d.warnings = append(d.warnings, fmt.Sprintf("the state directory %s %s; its mode is now %04o", d.path, strings.Replace(before, "can be", "could be", 1), facts.Mode.Perm()))
		return "", nil
	}
	return why + ", and chmod has no effect there", nil
}

func (d *Dir) facts() (ownership.Facts, error) {
	info, err := d.handle.Stat()
	if err != nil {
		return ownership.Facts{}, fmt.Errorf("look at the state directory: %w", err)
	}
	return ownership.FactsOf(info), nil
}

// usePrivate makes a private directory in the open directory and uses it. Tasks in
// the open directory would be lost to sight, so it refuses to do so then.
func (d *Dir) usePrivate() error {
	if tasks, _ := filepath.Glob(filepath.Join(d.path, "tasks.*.log")); len(tasks) > 0 {
		return fmt.Errorf("it has task files, which have to be moved to a private directory (%s) first", privateName(d.owner))
	}
	outer, name := d.path, privateName(d.owner)
	if err := d.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("a private directory cannot be made in it (%w)", err)
	}
	private, err := d.root.Lstat(name)
	if err != nil {
		return err
	}
	if err := d.openRoot(filepath.Join(outer, name)); err != nil {
		return err
	}
	facts, err := d.facts()
	if opened, err2 := d.handle.Stat(); err != nil || err2 != nil || !os.SameFile(private, opened) || facts.UID != d.owner || facts.Writable() != "" {
		path := d.path
		d.path = outer
		return fmt.Errorf("a private directory in it is not private (%s)", path)
	}
	d.warnings = append(d.warnings, fmt.Sprintf("other users can change the state directory %s; the private directory %s in it is used", outer, name))
	return nil
}

// warnOfParents warns when another user can put another directory in the place of the
// private directory. The initiator notices that (Check), and does not use what it
// does not own; so the directory is not refused.
func (d *Dir) warnOfParents() {
	above, err := filepath.EvalSymlinks(filepath.Dir(d.path))
	if err != nil {
		return
	}
	if err := ownership.CheckPath(above); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.warnings = append(d.warnings, fmt.Sprintf("another user can replace the state directory %s, because %v; set state_dir to a place that only user %d can change", d.path, err, d.owner))
	}
}
