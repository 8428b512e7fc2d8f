//go:build !linux

package keeper

import (
	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// canProveEmpty: orphans become children of the system's first process, where
// their worker cannot be found. Only the process group is known.
const canProveEmpty = false

func signalProcess(procfs.Process, unix.Signal) {}
