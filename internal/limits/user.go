package limits

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// identity is the user, group and supplementary groups of a process, and what its
// environment says of the user.
type identity struct {
	uid, gid          uint32
	groups            []uint32
	name, home, shell string
}

// UnknownNameError says that the machine has no user or group of a name. Any
// other error of a look-up can go away by itself.
type UnknownNameError string

func (e UnknownNameError) Error() string { return string(e) }

// lookUpUser resolves "user" or "user:group". Each part is a name or a number.
// With a group, the process gets no supplementary groups.
func lookUpUser(name string) (identity, error) {
	name, group, withGroup := strings.Cut(name, ":")
	u, err := user.Lookup(name)
	if errors.As(err, new(user.UnknownUserError)) {
		if u, err = user.LookupId(name); err != nil {
			return identity{}, UnknownNameError("no such user on this machine: create it, or name another")
		}
	}
	if err != nil {
		return identity{}, err
	}
	id := identity{name: u.Username, home: u.HomeDir, shell: loginShell(u.Username)}
	if id.uid, err = parseID(u.Uid); err != nil {
		return id, err
	}
	if id.gid, err = parseID(u.Gid); err != nil {
		return id, err
	}
	if withGroup {
		id.gid, err = LookUpGroup(group)
		return id, err
	}
	all, err := u.GroupIds()
	for _, g := range all {
		if n, err := parseID(g); err == nil {
			id.groups = append(id.groups, n)
		}
	}
	return id, err
}

// CheckUser looks for "user" or "user:group" on this machine. The error is an
// UnknownNameError for a name that the machine does not have.
func CheckUser(name string) error {
	_, err := lookUpUser(name)
	return err
}

// defaultShell is the shell of a user whose shell is not known.
const defaultShell = "/bin/sh"

// loginShell returns the shell of a user.
func loginShell(name string) string {
	text, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return defaultShell
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) == 7 && fields[0] == name && fields[6] != "" {
			return fields[6]
		}
	}
	return defaultShell
}

// LookUpGroup returns the number of a group, which is a name or a number.
func LookUpGroup(name string) (uint32, error) {
	g, err := user.LookupGroup(name)
	if errors.As(err, new(user.UnknownGroupError)) {
		if g, err = user.LookupGroupId(name); err != nil {
			return 0, UnknownNameError("no such group " + name + " on this machine: create it, or name another")
		}
	}
	if err != nil {
		return 0, err
	}
	return parseID(g.Gid)
}

func parseID(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err
}
