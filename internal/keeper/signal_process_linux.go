package keeper

import (
	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// canProveEmpty: no process escapes from below a subreaper, so an empty tree is
// a proof.
const canProveEmpty = true

// signalProcess signals one process and no later process with the same number.
func signalProcess(p procfs.Process, sig unix.Signal) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err == nil {
		defer unix.Close(fd)
	}
	if now, ok := procfs.ReadStat(p.PID); !ok || now.Start != p.Start {
		return
	}
	if err == nil {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	} else if err != unix.ESRCH {
		_ = unix.Kill(p.PID, sig)
	}
}
