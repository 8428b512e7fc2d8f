package plan

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"initiator/proactor"
)

// fileWarnings returns how other users of the machine can change a file that the
// plan was read from. A user who can change the file can run programs as the initiator's
// user.
func fileWarnings(path string) (warnings []string) {
	warn := func(problem, remedy string) {
		warnings = append(warnings, proactor.Fault{File: path, Problem: problem, Remedy: remedy}.Error())
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil // a pipe of the caller's shell belongs to the caller
	}
	if info.Mode()&0o002 != 0 {
		warn("every user of this machine can change this file, and with it what the initiator runs", "chmod o-w "+path)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		warn(fmt.Sprintf("this file belongs to %s, who can change what the initiator runs", nameOfUser(st.Uid)), "chown it to root, or to the user that runs the initiator")
	}
	if dir := openDirectory(realPath(path)); dir != "" {
		warn("every user of this machine can replace this file, because the directory "+dir+" can be written by all and has no sticky bit", "chmod o-w "+dir)
	}
	return warnings
}

// openDirectory returns the directory of an absolute path in which every user
// can replace the next component; "" when there is none.
func openDirectory(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && info.Mode()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

func nameOfUser(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return "the user " + u.Username
	}
	return "the user " + id
}

// socketWarnings returns what is dangerous about the permissions of the unix
// socket, and why they could have no effect. At makes a warning about a key.
func (s *Settings) socketWarnings(at func(key, problem, remedy string) string) (warnings []string) {
	if s.SocketMode&0o002 != 0 {
		warnings = append(warnings, at("socket_mode", "every user of this machine will be able to run programs as the initiator's user, because the socket asks for no token", "write socket_mode = 0660 and socket_group = a group"))
	}
	if s.SocketGroup != "" && s.SocketMode&0o020 == 0 {
		warnings = append(warnings, at("socket_group", fmt.Sprintf("the group has no use of the socket with socket_mode = %04o", s.SocketMode), "write socket_mode = 0660"))
	}
	if dir := blockingDirectory(s.StateDir, s.SocketMode); dir != "" {
		warnings = append(warnings, at("socket_mode", "the users for whom the socket is meant cannot reach it, because the directory "+dir+" does not let them through", "chmod it, or write state_dir = a directory elsewhere"))
	}
	return warnings
}

// blockingDirectory returns the first directory above the state directory that
// only its owner can go through, although the mode of the socket lets others
// connect; "" when there is none. Whether a user is in the group of a directory
// is not examined.
func blockingDirectory(stateDir string, mode uint32) string {
	through := os.FileMode(0)
	switch {
	case mode&0o002 != 0:
		through = 0o001
	case mode&0o020 != 0:
		through = 0o011
	default:
		return ""
	}
	found := ""
	for dir := filepath.Dir(stateDir); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode()&through == 0 {
			found = dir
		}
		if dir == filepath.Dir(dir) {
			return found
		}
	}
}
