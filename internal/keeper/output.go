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
	page    []byte // memory for output that is about to be written to a file
	logs    map[string]*logFile
	writers logWriters
	watched map[string]bool
	awaited map[string]bool // watched, and recorded until a snapshot covers the lines
	unended unendedLines
	flows   flows
}

func newOutputs() outputs {
	return outputs{
		buf: make([]byte, 64<<10), logs: map[string]*logFile{}, watched: map[string]bool{}, awaited: map[string]bool{},
		unended: unendedLines{streams: map[*outputStream]bool{}},
		flows:   flows{byKey: map[flowKey]*flow{}, stopped: map[*outputStream]bool{}},
	}
}

// outputStream is one output pipe of one worker.
type outputStream struct {
	lineCollector
	key        key
	name       string // "stdout" or "stderr"
	fd         int    // -1 once it has ended
	log        *logFile
	timestamps bool
	dropped    int       // lines that were not sent to the initiator
	gap        bool      // the last page was not given to the log
	lost       int       // lines that were not given to the log
	stall      time.Time // of the log's disk, the one that was reported last
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
// others. Output that has no place stays in the pipe.
func (s *outputStream) handleReady(l *loop) {
	if !l.canRead(s) {
		l.stopReading(s)
		return
	}
	n, err := unix.Read(s.fd, l.buf)
	switch {
	case n > 0:
		s.handleInput(l, l.buf[:n])
	case err == unix.EAGAIN || err == unix.EINTR:
	default:
		s.closeStream(l)
	}
}

// handleInput passes on the lines in b. The beginning of a line waits for its
// end where others read or write the same output. A log of one stream gets it at
// once.
func (s *outputStream) handleInput(l *loop, b []byte) {
	now := time.Now()
	shared := l.watched[s.key.guid] || s.log != nil && s.log.refs > 1
	s.deliver(l, now, func(yield func(linePiece)) {
		s.collect(b, now, yield)
		if !shared || len(s.held) > pieceLimit-len(l.buf) {
			s.flush(now, !shared, yield)
		}
	})
	if len(s.held) > 0 {
		l.unended.addStream(s)
	}
}

// deliver gives pieces of output to the log in one page, and sends them to the
// initiator when the worker is watched.
func (s *outputStream) deliver(l *loop, now time.Time, each func(yield func(linePiece))) {
	e := Event{Kind: KindOutput, GUID: s.key.guid, Incarnation: s.key.incarnation, Stream: s.name}
	watched := l.watched[s.key.guid]
	page := logPage{from: s, text: l.page[:0]}
	if s.timestamps {
		page.stamp = now.AppendFormat(nil, logs.TimestampLayout+" ")
	}
	each(func(p linePiece) {
		if watched {
			e.addPiece(p)
		}
		if s.log != nil {
			page.addPiece(p)
		}
	})
	if s.log != nil && len(page.text) > 0 {
		s.writePage(l, page)
	}
	if len(e.Lines) > 0 {
		s.reportOutput(l, e)
	}
}

// writePage gives a page to the log.
func (s *outputStream) writePage(l *loop, page logPage) {
	page.gap = s.gap
	kept := l.writeLog(s.log, s.key, page)
	s.gap = !kept
	if kept {
		l.page = nil // the log's writer has it
	}
}

// addPiece adds a piece of output to a KindOutput event.
func (e *Event) addPiece(p linePiece) {
	if len(e.Lines) == 0 {
		e.Continued = p.continued
	}
	e.Partial = !p.ended
	e.Lines = append(e.Lines, string(p.text))
}

// reportOutput sends lines to the initiator, with the number of lines that were
// dropped before.
func (s *outputStream) reportOutput(l *loop, e Event) {
	e.Dropped = s.dropped
	f := l.flowOf(s)
	if f != nil {
		e.Sent = f.sent + e.flowBytes()
	}
	if l.ctl.queueEvent(e) {
		s.dropped = 0
		if f != nil {
			f.sent = e.Sent
		}
	} else {
		s.dropped += len(e.Lines)
	}
}

// flowBytes counts the bytes of the event's lines with their line ends.
func (e *Event) flowBytes() (n uint64) {
	for _, line := range e.Lines {
		n += uint64(len(line)) + 1
	}
	return n
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
	s.flushHeld(l)
}

// flushHeld delivers the beginning of a line whose end may never come.
func (s *outputStream) flushHeld(l *loop) {
	now := time.Now()
	s.deliver(l, now, func(yield func(linePiece)) { s.flush(now, true, yield) })
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
	s.flushHeld(l)
	delete(l.flows.stopped, s)
	l.closeFD(s.fd)
	s.fd = -1
	if s.log != nil {
		l.closeLog(s.log, s)
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
