package keeper

import (
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/logs"
)

// outputs holds the log files, the set of watched workers, and the buffer
// that is used for all reading.
type outputs struct {
	buf     []byte
	page    []byte // memory for lines that are about to be written to a file
	logs    map[string]*logFile
	writers logWriters
	watched map[string]bool
	awaited map[string]bool // watched, and recorded until a snapshot covers the lines
}

func newOutputs() outputs {
	return outputs{buf: make([]byte, 64<<10), logs: map[string]*logFile{}, watched: map[string]bool{}, awaited: map[string]bool{}}
}

// outputStream is one output pipe of one worker.
type outputStream struct {
	lineSplitter
	key        key
	name       string // "stdout" or "stderr"
	fd         int    // -1 once it has ended
	log        *logFile
	timestamps bool
	dropped    int // lines that were not sent to the initiator
}

// captureOutput takes over the reading end of a pipe.
func (l *loop) captureOutput(c *child, fd int, name string, to Log) *outputStream {
	s := &outputStream{key: c.key, name: name, fd: fd, timestamps: to.Timestamps}
	if to.Path != "" {
		s.log = l.openLog(to)
	}
	if err := l.watchFD(fd, s); err != nil {
		l.queueWarning(c.key, err)
		unix.Close(fd)
		s.fd = -1
	}
	return s
}

// handleReady reads once, so that a worker with much output does not delay the
// others.
func (s *outputStream) handleReady(l *loop) {
	n, err := unix.Read(s.fd, l.buf)
	switch {
	case n > 0:
		s.handleInput(l, l.buf[:n])
	case err == unix.EAGAIN || err == unix.EINTR:
	default:
		s.closeStream(l)
	}
}

// handleInput passes on the lines in b.
func (s *outputStream) handleInput(l *loop, b []byte) {
	s.deliverLines(l, func(yield func([]byte)) { s.splitLines(b, yield) })
}

// deliverLines gives lines to the log in one piece, and sends them to the
// initiator when the worker is watched.
func (s *outputStream) deliverLines(l *loop, each func(yield func(line []byte))) {
	var shown []string
	watched := l.watched[s.key.guid]
	page := l.page[:0]
	var stamp []byte
	if s.timestamps {
		stamp = time.Now().AppendFormat(nil, logs.TimestampLayout+" ")
	}
	each(func(line []byte) {
		if watched {
			shown = append(shown, string(line))
		}
		if s.log != nil {
			page = append(append(append(page, stamp...), line...), '\n')
		}
	})
	if len(page) > 0 && l.writeLog(s.log, s.key, page) {
		l.page = nil // the log's writer has it
	}
	if len(shown) > 0 {
		s.reportLines(l, shown)
	}
}

// reportLines sends lines to the initiator, with the number of lines that were
// dropped before.
func (s *outputStream) reportLines(l *loop, lines []string) {
	e := Event{Kind: KindOutput, GUID: s.key.guid, Incarnation: s.key.incarnation, Stream: s.name, Lines: lines, Dropped: s.dropped}
	if l.ctl.queueEvent(e) {
		s.dropped = 0
	} else {
		s.dropped += len(lines)
	}
}

// readLastOutput reads what is in the pipe now, and nothing that is written
// later: a descendant that holds the pipe and goes on writing delays nothing.
func (s *outputStream) readLastOutput(l *loop) {
	for left := s.readableBytes(); left > 0; {
		n, err := unix.Read(s.fd, l.buf[:min(left, len(l.buf))])
		if n <= 0 || err != nil {
			break
		}
		s.handleInput(l, l.buf[:n])
		left -= n
	}
	s.deliverLines(l, s.emitPartial)
}

// readableBytes returns how many bytes can be read.
func (s *outputStream) readableBytes() int {
	if s.fd < 0 {
		return 0
	}
	n, err := unix.IoctlGetInt(s.fd, fionread)
	if err != nil {
		return 0
	}
	return n
}

// closeStream closes the stream for good.
func (s *outputStream) closeStream(l *loop) {
	s.deliverLines(l, s.emitPartial)
	l.closeFD(s.fd)
	s.fd = -1
	if s.log != nil {
		l.closeLog(s.log)
		s.log = nil
	}
}

// watchOutput turns KindOutput events of guid on or off, and sets whether the
// lines are recorded until a snapshot covers them.
func (l *loop) watchOutput(guid string, on, awaited bool) {
	if on {
		l.watched[guid] = true
	} else {
		delete(l.watched, guid)
	}
	if on && awaited {
		l.awaited[guid] = true
		return
	}
	delete(l.awaited, guid)
	if m := l.snapshots[guid]; m != nil && l.window == nil {
		m.dropOutput(true)
	}
}
