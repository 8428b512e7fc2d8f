package keeper

import "golang.org/x/sys/unix"

// groupAlive reports whether a process group has members.
func groupAlive(group int) bool { return unix.Kill(-group, 0) == nil }
