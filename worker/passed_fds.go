package worker

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The descriptors that a worker may be born with.
const (
	fdListener = 3
	fdStream   = 4
)

// passedFDs is which of the two descriptors are really there.
type passedFDs map[int]bool

// readPassedFDs finds out which descriptors the process was born with.
//
// An announcement is INITIATOR_FDS=3:dev:ino,4:dev:ino. It is believed only
// where fstat agrees, because the environment may be older than the process,
// as in a child of a worker. Both are marked close-on-exec before anything
// else, so that a child that is started meanwhile gets neither.
func readPassedFDs(announcement string) passedFDs {
	fds := parseFDs(announcement)
	for fd := range fds {
		unix.CloseOnExec(fd)
	}
	in := passedFDs{}
	for fd, id := range fds {
		in[fd] = sameFile(fd, id)
	}
	return in
}

// openListener makes a listener of descriptor 3; nil where there is none.
func (in passedFDs) openListener() (net.Listener, error) {
	if !in[fdListener] {
		return nil, nil
	}
	f := os.NewFile(fdListener, "inherited listener")
	defer func() { _ = f.Close() }() // FileListener works with a copy
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("use the inherited listener: %w", err)
	}
	return l, nil
}

// openStream makes a connection of descriptor 4; nil where there is none. What is
// no socket is closed, which tells the peer to go on with webhooks.
func (in passedFDs) openStream() (net.Conn, error) {
	if !in[fdStream] {
		return nil, nil
	}
	f := os.NewFile(fdStream, "inherited stream")
	defer func() { _ = f.Close() }() // FileConn works with a copy
	nc, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("use the inherited stream: %w", err)
	}
	return nc, nil
}

// fileID is what fstat tells files apart by.
type fileID struct{ dev, ino uint64 }

// parseFDs reads an announcement and skips whatever is not one of the two
// descriptors, correctly written.
func parseFDs(announcement string) map[int]fileID {
	fds := map[int]fileID{}
	for item := range strings.SplitSeq(announcement, ",") {
		parts := strings.Split(item, ":")
		if len(parts) != 3 {
			continue
		}
		fd, err1 := strconv.Atoi(parts[0])
		dev, err2 := strconv.ParseUint(parts[1], 10, 64)
		ino, err3 := strconv.ParseUint(parts[2], 10, 64)
		if err1 == nil && err2 == nil && err3 == nil && (fd == fdListener || fd == fdStream) {
			fds[fd] = fileID{dev, ino}
		}
	}
	return fds
}

func sameFile(fd int, id fileID) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && uint64(st.Dev) == id.dev && st.Ino == id.ino
}
