package worker

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// The descriptors that the keeper may pass to a worker.
const (
	fdListener = 3
	fdStream   = 4
)

// passedFDs says which of the two descriptors were really passed.
type passedFDs map[int]bool

// readPassedFDs finds the descriptors that were passed to the process.
//
// The announcement is INITIATOR_FDS=3:dev:ino,4:dev:ino. A descriptor counts
// only when fstat returns the announced device and inode, because the
// environment may be older than the process, for example in a child of a
// worker. Both descriptors are marked close-on-exec first, so that a child
// that is started meanwhile does not get them.
func readPassedFDs(announcement string) passedFDs {
	fds := parseFDs(announcement)
	for fd := range fds {
		closeOnExec(fd)
	}
	in := passedFDs{}
	for fd, id := range fds {
		in[fd] = sameFile(fd, id)
	}
	return in
}

// openListener makes a listener of descriptor 3. It returns nil when that
// descriptor was not passed.
func (in passedFDs) openListener() (net.Listener, error) {
	if !in[fdListener] {
		return nil, nil
	}
	f := os.NewFile(fdListener, "passed listener")
	defer func() { _ = f.Close() }() // FileListener duplicates the descriptor
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("use the passed listener: %w", err)
	}
	return l, nil
}

// openStream makes a connection of descriptor 4. It returns nil when that
// descriptor was not passed. A descriptor that is no socket is closed; the
// initiator then uses webhooks.
func (in passedFDs) openStream() (net.Conn, error) {
	if !in[fdStream] {
		return nil, nil
	}
	f := os.NewFile(fdStream, "passed stream")
	defer func() { _ = f.Close() }() // FileConn duplicates the descriptor
	nc, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("use the passed stream: %w", err)
	}
	return nc, nil
}

// fileID identifies an open file for fstat.
type fileID struct{ dev, ino uint64 }

// parseFDs reads an announcement. It skips every item that is malformed or
// names another descriptor.
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
