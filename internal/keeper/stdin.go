package keeper

import "golang.org/x/sys/unix"

// stdinPipe makes a pipe that already holds text when the process starts, and
// returns the rest that did not fit. write is 0 when everything is written and
// the end is closed.
func stdinPipe(text []byte) (read, write int, rest []byte, err error) {
	read, write, err = newPipe()
	if err != nil {
		return 0, 0, nil, err
	}
	if err := unix.SetNonblock(write, true); err != nil {
		return read, write, nil, err
	}
	if len(text) > 64<<10 {
		enlargePipe(write, len(text))
	}
	rest, _ = writeSome(write, text)
	if len(rest) == 0 {
		unix.Close(write)
		write = 0
	}
	return read, write, rest, nil
}

// writeSome writes until the pipe is full. more is false when writing again
// cannot succeed.
func writeSome(fd int, text []byte) (rest []byte, more bool) {
	for len(text) > 0 {
		n, err := unix.Write(fd, text)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return text, err == unix.EAGAIN
		}
		text = text[n:]
	}
	return nil, false
}

// stdinFeed is the rest of a stdin that was larger than its pipe.
type stdinFeed struct {
	fd   int
	rest []byte
}

func (l *loop) feedStdin(fd int, rest []byte) {
	f := &stdinFeed{fd, rest}
	if l.poll.addFD(fd, true) != nil {
		unix.Close(fd)
		return
	}
	l.sources[fd] = f
}

// handleReady writes more. A process that closed its stdin loses the rest.
func (f *stdinFeed) handleReady(l *loop) {
	var more bool
	if f.rest, more = writeSome(f.fd, f.rest); !more {
		l.closeFD(f.fd)
	}
}
