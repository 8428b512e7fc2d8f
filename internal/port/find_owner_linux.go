package port

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// FindOwner reads the kernel's table and searches it once. For many workers at
// once use ReadListeners.
func FindOwner(addr string, port int, pid int) (Ownership, error) {
	s, err := ReadListeners()
	if err != nil {
		return Ownership{}, err
	}
	return s.FindOwner(addr, port, pid)
}

// FindOwner reports whether connecting to addr:port reaches a listening socket
// of process pid or its descendants. addr is the argument of Take. The error
// wraps ErrUnknown when the descriptors of a process that matters cannot be
// read. A process that has ended has no descriptors.
func (s *ListenerTable) FindOwner(addr string, port int, pid int) (Ownership, error) {
	ip, err := resolveHost(addr)
	if err != nil {
		return Ownership{}, err
	}
	inodes := s.reachedInodes(ip, port)
	if len(inodes) == 0 {
		return Ownership{}, nil
	}
	return attributeSockets(inodes, pid)
}

// attributeSockets looks for each inode in the family of pid. The first socket
// of another program decides.
func attributeSockets(inodes []uint64, pid int) (Ownership, error) {
	own := Ownership{Listening: true, HeldByWorker: true}
	for _, inode := range inodes {
		has, err := familyHolder(pid, inode)
		switch {
		case has != 0:
			own.PID = has
		case err != nil:
			return Ownership{Listening: true}, err
		default:
			own.HeldByWorker = false
			own.PID, own.OtherCommand = anyHolder(inode)
			return own, nil
		}
	}
	return own, nil
}

// familyHolder returns the process among pid and its descendants that has the
// socket; 0 when none has. An error means that the descriptors of a process
// could not be read.
func familyHolder(pid int, inode uint64) (int, error) {
	var unknown error
	var children procfs.ChildLister
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		has, err := hasSocket(queue[0], inode)
		if has {
			return queue[0], nil
		}
		if err != nil {
			unknown = err
		}
		queue = append(queue, children.ChildrenOf(queue[0])...)
	}
	return 0, unknown
}

// hasSocket reports whether the socket is among the descriptors of pid.
func hasSocket(pid int, inode uint64) (bool, error) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return false, unlessGone(pid, err)
	}
	defer func() { _ = dir.Close() }() // it was only read
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return false, unlessGone(pid, err)
	}
	want := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	var link [64]byte
	for _, name := range names {
		n, err := unix.Readlinkat(int(dir.Fd()), name, link[:])
		if err == nil && string(link[:n]) == want {
			return true, nil
		}
	}
	return false, nil
}

func unlessGone(pid int, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return nil
	}
	return fmt.Errorf("read descriptors of process %d: %w: %w", pid, ErrUnknown, err)
}

// anyHolder returns a process that has the socket, for a message.
func anyHolder(inode uint64) (pid int, command string) {
	for _, pid := range procfs.ListPIDs() {
		if has, _ := hasSocket(pid, inode); has {
			return pid, procfs.CommandName(pid)
		}
	}
	return 0, ""
}

// findHolder returns a process that listens on a port that was refused.
func findHolder(port int) (pid int, command string) {
	s, err := ReadListeners()
	if err != nil {
		return 0, ""
	}
	// Any address: a wildcard listener refuses an exact bind, and an exact
	// listener a wildcard bind.
	for _, l := range s.listeners[port] {
		if pid, command = anyHolder(l.inode); pid != 0 {
			return pid, command
		}
	}
	return 0, ""
}
