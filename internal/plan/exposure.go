package plan

import (
	"fmt"
	"os"
	"path/filepath"

	"initiator/internal/ownership"
	"initiator/proactor"
)

// fileWarnings returns how other users of the machine can change a file that the
// plan was read from. A user who can change the file can run programs as the initiator's
// user. A group that may write a file is no warning: its members may administer the
// machine together.
func fileWarnings(path string) (warnings []string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil // a pipe of the caller's shell belongs to the caller
	}
	file := realPath(path)
	found, _ := ownership.FindWeaknesses(file) // what cannot be examined is not warned about
	owners := map[string]bool{}
	for _, w := range found {
		remedy := "chmod o-w " + w.Path
		switch {
		case w.By == ownership.AnotherGroup, w.By == ownership.AnotherOwner && owners[w.Why]:
			continue
		case w.By == ownership.AnotherOwner:
			owners[w.Why] = true // the directories of that user change nothing
			remedy = "chown it to root, or to the user that runs the initiator"
		}
		problem := "this file " + w.Why + ", so another user can change what the initiator runs"
		if w.Path != file {
			problem = "the directory " + w.String() + ", so another user can replace this file, and change what the initiator runs"
		}
		warnings = append(warnings, proactor.Fault{File: path, Problem: problem, Remedy: remedy}.Error())
	}
	return warnings
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
