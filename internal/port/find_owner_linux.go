package port

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// FindOwner reads the kernel's table and asks it once. For many workers at once
// use Listeners.
func FindOwner(addr string, port int, pid int) (Ownership, error) {
	s, err := ReadListeners()
	if err != nil {
		return Ownership{}, err
	}
	return s.FindOwner(addr, port, pid)
}

// FindOwner says whether connecting to addr:port reaches a listening socket of
// process pid or a descendant of it. addr is what Take was given. The error
// wraps ErrUnknown when a process that matters does not let us look; a pid
// that is gone has no descriptors.
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

// attributeSockets looks for each inode in the family of pid. The first stranger
// decides.
func attributeSockets(inodes []uint64, pid int) (Ownership, error) {
	own := Ownership{Listening: true, Ours: true}
	for _, inode := range inodes {
		has, err := familyHolder(pid, inode)
		switch {
		case has != 0:
			own.PID = has
		case err != nil:
			return Ownership{Listening: true}, err
		default:
			own.Ours = false
			own.PID, own.Command = anyHolder(inode)
			return own, nil
		}
	}
	return own, nil
}

// familyHolder finds the process among pid and its descendants that has the
// socket; 0 when none has. An error means that one of them could not be asked.
func familyHolder(pid int, inode uint64) (int, error) {
	var unknown error
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		has, err := hasSocket(queue[0], inode)
		if has {
			return queue[0], nil
		}
		if err != nil {
			unknown = err
		}
		queue = append(queue, childPIDs(queue[0])...)
	}
	return 0, unknown
}

// hasSocket says whether the socket is among the descriptors of pid.
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

// anyHolder finds whichever process has the socket, for a message to a person.
func anyHolder(inode uint64) (pid int, command string) {
	for _, pid := range allPIDs() {
		if has, _ := hasSocket(pid, inode); has {
			return pid, commandOf(pid)
		}
	}
	return 0, ""
}

// findHolder finds who listens on the port that somebody was refused.
func findHolder(port int) (pid int, command string) {
	s, err := ReadListeners()
	if err != nil {
		return 0, ""
	}
	// Any address: a wildcard listener refuses an exact bind, and the other
	// way round.
	for _, l := range s.listeners[port] {
		if pid, command = anyHolder(l.inode); pid != 0 {
			return pid, command
		}
	}
	return 0, ""
}
