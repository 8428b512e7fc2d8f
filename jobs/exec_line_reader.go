package jobs

import (
	"bytes"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/hashicorp/go-hclog"
)

// lineReader reads the stdout of a process in lines. A line is the answer to a
// task when it begins after the line of the task was written, and when it has
// the id of the task, if answers have one. Every other line is logged.
type lineReader struct {
	pipe    *os.File
	log     hclog.Logger
	tooLong func() // called in a goroutine when a line is longer than outputLimit

	mu       sync.Mutex // held from each read until its bytes are handled
	line     []byte     // the beginning of a line
	early    bool       // line began before the task was written
	answer   chan []byte
	id       string // of the awaited answer; "" = any line
	exceeded bool
}

// readLines reads until the end of the output. It reads without waiting, under
// the mutex, and waits without it.
func (r *lineReader) readLines() {
	raw, err := r.pipe.SyscallConn()
	if err != nil {
		return // the pipe is closed
	}
	buffer := make([]byte, 64<<10)
	_ = raw.Read(func(fd uintptr) bool { // the error is the deadline of the pipe
		for {
			if n, ended := r.readSome(fd, buffer); n == 0 {
				return ended
			}
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.line) > 0 {
		r.logLine("it has no line end")
	}
}

// readSome reads once and handles the bytes. n is 0 at the end of the output,
// and when nothing is there to read now.
func (r *lineReader) readSome(fd uintptr, buffer []byte) (n int, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		n, err := unix.Read(int(fd), buffer)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return 0, false
		case err != nil || n == 0 || !r.takeBytes(buffer[:n]):
			return 0, true
		}
		return n, false
	}
}

// pipeSize is as much as a pipe can hold.
const pipeSize = 1 << 20

// awaitAnswer logs what the process has written so far, and returns the channel
// that gets the next line, or the next line with an id.
func (r *lineReader) awaitAnswer(id string) <-chan []byte {
	r.readWritten()
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := make(chan []byte, 1)
	r.answer, r.id, r.early = answer, id, len(r.line) > 0
	return answer
}

// readWritten handles what is in the pipe now.
func (r *lineReader) readWritten() {
	raw, err := r.pipe.SyscallConn()
	if err != nil {
		return // the process has ended
	}
	buffer := make([]byte, 64<<10)
	_ = raw.Control(func(fd uintptr) {
		for total := 0; total < pipeSize; { // a process may write without end
			n, _ := r.readSome(fd, buffer)
			if n == 0 {
				return
			}
			total += n
		}
	})
}

// takeBytes handles output. It returns false when a line is too long: then the
// output is not read any more.
func (r *lineReader) takeBytes(b []byte) bool {
	for len(b) > 0 && !r.exceeded {
		piece, rest, complete := bytes.Cut(b, []byte("\n"))
		if len(r.line)+len(piece) > outputLimit {
			r.exceeded = true
			go r.tooLong() // in a goroutine, because it waits until the output is read
			return false
		}
		r.line = append(r.line, piece...)
		if b = rest; complete {
			r.takeLine()
		}
	}
	return !r.exceeded
}

// takeLine handles a complete line.
func (r *lineReader) takeLine() {
	switch {
	case r.answer == nil:
		r.logLine("no task waits for it")
	case r.early:
		r.logLine("it began before the task was written")
	case r.id != "" && lineID(r.line) != r.id:
		r.logLine(`its member "id" is not the id of the task`)
	default:
		r.answer <- r.line
		r.answer = nil
	}
	r.line, r.early = nil, false
}

// loggedBytes is how much of a line is logged.
const loggedBytes = 1 << 10

// logLine logs the line, which is the answer to no task.
func (r *lineReader) logLine(why string) {
	text := r.line[:min(len(r.line), loggedBytes)]
	r.log.Warn("a line of stdout is no answer", "reason", why, "line", string(bytes.ToValidUTF8(text, []byte("?"))))
}

// isTooLong reports whether a line was longer than outputLimit.
func (r *lineReader) isTooLong() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.exceeded
}
