package supervisord

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// expandHome replaces ~ and ~user at the beginning by a home directory.
func (r *reader) expandHome(path string) string {
	if !strings.HasPrefix(path, "~") {
		return path
	}
	who, rest, _ := strings.Cut(path[1:], "/")
	if rest != "" || strings.HasSuffix(path, "/") {
		rest = "/" + rest
	}
	dir, ok := r.homeOf(who)
	if !ok {
		return path
	}
	dir = strings.TrimRight(dir, "/")
	if dir+rest == "" {
		return "/"
	}
	return dir + rest
}

func (r *reader) homeOf(who string) (string, bool) {
	if who == "" && r.environment.Lookup != nil {
		if dir, ok := r.environment.Lookup("HOME"); ok {
			return dir, true
		}
	}
	u, err := user.Lookup(who)
	if who == "" {
		u, err = user.Current()
	}
	if err != nil {
		return "", false
	}
	return u.HomeDir, true
}

// existingDir reads the path of a directory that must exist.
func (r *reader) existingDir(path string) (string, error) {
	path = r.expandHome(path)
	if !isDir(r.file.ResolveMarks(path)) {
		return "", invalidValue{fmt.Sprintf("there is no directory %q", path), "create it, or name another"}
	}
	return path, nil
}

// existingDirPath reads the path of a file in a directory that must exist.
func (r *reader) existingDirPath(path string) (string, error) {
	path = r.expandHome(path)
	dir := path[:strings.LastIndexByte(path, '/')+1]
	if dir != "" && !isDir(r.file.ResolveMarks(dir)) {
		return "", invalidValue{fmt.Sprintf("there is no directory %q for it", dir), "create it, or name another"}
	}
	return path, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// absolutePath makes a path absolute, from the working directory.
func absolutePath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// identity is a user as written, and its number.
type identity struct {
	name string
	uid  int
}

// readUser looks up a user by name or number; it must exist.
func readUser(s string) (identity, error) {
	bad := invalidValue{fmt.Sprintf("there is no user %q on this machine", s), "create it, or name another"}
	if n, err := readInteger(s); err == nil {
		if _, err := user.LookupId(fmt.Sprint(n)); err != nil {
			return identity{}, bad
		}
		return identity{fmt.Sprint(n), n}, nil
	}
	u, err := user.Lookup(s)
	if err != nil {
		return identity{}, bad
	}
	uid, err := readInteger(u.Uid)
	return identity{s, uid}, err
}

// owner is a user and a group as they are written; "" = not given.
type owner struct {
	user, group string
	uid         int // of user
}

// readOwner reads user or user:group; both must exist.
func readOwner(s string) (owner, error) {
	who, group, both := strings.Cut(s, ":")
	id, err := readUser(who)
	if err != nil {
		return owner{}, err
	}
	o := owner{user: id.name, uid: id.uid}
	if !both {
		return o, nil
	}
	o.group = group
	bad := invalidValue{fmt.Sprintf("there is no group %q on this machine", group), "create it, or name another"}
	if n, err := readInteger(group); err == nil {
		if _, err := user.LookupGroupId(fmt.Sprint(n)); err != nil {
			return owner{}, bad
		}
		return o, nil
	}
	if _, err := user.LookupGroup(group); err != nil {
		return owner{}, bad
	}
	return o, nil
}
