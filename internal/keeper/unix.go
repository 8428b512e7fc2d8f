package keeper

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// setNice changes the priority of a process that has just started.
func setNice(pid, nice int) []error {
	if nice == 0 {
		return nil
	}
	err := unix.Setpriority(unix.PRIO_PROCESS, pid, nice)
	if err == nil || errors.Is(err, unix.ESRCH) {
		return nil
	}
	return []error{fmt.Errorf("nice = %d is not in force: %w", nice, err)}
}

// groupAlive reports whether a process group has members.
func groupAlive(group int) bool { return unix.Kill(-group, 0) == nil }

// listDir returns the names in a directory.
func listDir(path string) []string {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var buf [4096]byte
	var names []string
	for {
		n, err := unix.ReadDirent(fd, buf[:])
		if n <= 0 || err != nil {
			return names
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}
