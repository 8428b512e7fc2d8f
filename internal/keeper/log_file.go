package keeper

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/logs"
	"initiator/internal/trustedpath"
)

// reopenPause is how long the keeper waits before it tries again to open a log.
const reopenPause = time.Second

// logFile is one log file, which any number of workers may write to. The bytes of
// one stream stay together up to the end of a line; joinPage marks the places
// where they cannot. The loop uses the first fields, its logWriter the others.
type logFile struct {
	Log
	refs      int
	writer    *logWriter
	retryKept time.Time    // when to try again to write what Block keeps
	kept      atomic.Int64 // bytes of the pages that Block keeps

	fd      int              // -1 = not open
	before  logs.Predecessor // the log that was open before
	warning error            // permissions or owner of the log that was made last; reported once
	warned  bool
	size    int64
	regular bool // a regular file, which can be rotated
	broken  bool // the last write failed, and was reported
	faulty  bool // a failure was reported, and not its end
	end     logEnd
	retry   time.Time  // do not open before this time
	lost    int        // lines not written since broken
	pages   []*logPage // that Block keeps until they can be written
}

// openLog returns the log for one stream. The first worker that names a path
// says how the file is rotated. The first line makes and opens the file: for a
// thousand workers without output, making two thousand files would be most of
// the work, and keeping them open half of the descriptors. A file that cannot
// be opened is reported then, and tried again; the worker runs on.
func (l *loop) openLog(to Log) *logFile {
	f, ok := l.logs[to.Path]
	if !ok {
		f = &logFile{Log: to, writer: l.writers.forPath(to.Path), fd: -1}
		l.logs[to.Path] = f
	}
	f.refs++
	return f
}

// closeLog takes a log from a stream that has ended.
func (l *loop) closeLog(f *logFile, s *outputStream) {
	f.refs--
	last := f.refs == 0
	if last {
		delete(l.logs, f.Path)
	}
	if lost := s.lost; lost > 0 { // no later page says so
		l.addLogJob(f, s.key, nil, func() error { return f.writePage(&logPage{from: s, lost: lost}) })
	}
	l.addLogJob(f, key{}, nil, func() error {
		if f.end.of == s {
			f.end.of = nil
		}
		if !last {
			return nil
		}
		err := f.writeKept()
		f.closeFile()
		return err
	})
}

// closeLogs writes the last output. Lines for a disk that hangs are lost: the
// keeper does not wait for it.
func (l *loop) closeLogs() {
	for fd, s := range l.sources {
		if s, ok := s.(*outputStream); ok && s.fd == fd {
			s.readLastOutput(l)
		}
	}
	l.awaitLogs()
}

// reopenLogs opens all logs by their names again.
func (l *loop) reopenLogs() {
	for _, f := range l.logs {
		l.addLogJob(f, key{}, nil, f.reopenFile)
	}
}

// reopenFile opens a log by its name again. A log that was not open is opened by
// its next line anyway.
func (f *logFile) reopenFile() error {
	if f.fd < 0 {
		return nil
	}
	f.closeFile()
	if err := f.openFile(); err != nil && !f.broken {
		return f.reportFailure(err)
	}
	return nil
}

// checkLogPaths refuses a worker whose output would go where another user has
// put a link. Output that is lost in silence would be worse than no start. A log
// with another fault, or on a disk that hangs, is reported by the first line,
// and the worker runs on.
func (l *loop) checkLogPaths(s *SpawnOrder) error {
	type outputLog struct{ name, path string }
	logs := []outputLog{{"stdout_logfile", s.Stdout.Path}}
	if !s.RedirectStderr {
		logs = append(logs, outputLog{"stderr_logfile", s.Stderr.Path})
	}
	var fault error
	for _, log := range logs {
		if log.path == "" || l.writers.forPath(log.path).late.Load() {
			continue
		}
		l.writers.addJob(l.writers.forPath(log.path), &logJob{
			do: func() error { return trustedpath.Check(log.path) },
			report: func(err error) {
				if err != nil {
					fault = fmt.Errorf("%s: %w", log.name, err)
				}
			},
		})
	}
	l.awaitLogs()
	return fault
}

// openFile opens the file for appending. A fifo without a reader does not stop
// the keeper. The path may lead through directories of the worker's user, whose
// links are not followed.
func (f *logFile) openFile() error {
	fd, warning, err := logs.OpenAppend(f.Path, f.Access, f.before)
	if err != nil {
		return err
	}
	f.warning = warning
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return err
	}
	f.fd, f.size, f.regular = fd, st.Size, st.Mode&unix.S_IFMT == unix.S_IFREG
	if f.regular && !f.end.inLine {
		f.end.inLine = logs.EndsInLine(f.Path, f.size)
	}
	return nil
}

func (f *logFile) closeFile() {
	if f.fd >= 0 {
		f.before = logs.PredecessorOf(f.fd)
		unix.Close(f.fd)
		f.fd = -1
	}
}

// writePage appends a page. It rotates the file before a line that would make it
// larger than MaxBytes, and in the middle of a line that is longer than that. Lines
// that cannot be written are dropped, or kept with Block.
func (f *logFile) writePage(p *logPage) (failure error) {
	if f.Block && len(f.pages) > 0 {
		f.keepPage(p)
		return f.writeKept()
	}
	if f.lost > 0 && time.Now().Before(f.retry) {
		f.lost += p.lost
		f.dropText(p.text)
		return nil
	}
	if open, err := f.openAgain(); !open { // before joinPage, which needs the end of the file
		f.refusePage(p, p.text)
		return err
	}
	between := f.end.joinPage(p)
	if lost := f.lost + p.lost; lost > 0 {
		between = noteLost(between, f.end.inLine, lost)
	}
	rest, failure := f.appendPage(append(between, p.text...), p.from)
	if failure != nil || f.broken {
		if len(rest) <= len(p.text) {
			f.lost, p.lost = 0, 0 // the note was written
		}
		f.refusePage(p, rest[max(0, len(rest)-len(p.text)):])
		return failure
	}
	return f.reportWorking(f.lost + p.lost)
}

// appendPage appends text, and returns what was not written.
func (f *logFile) appendPage(text []byte, from *outputStream) (rest []byte, failure error) {
	for len(text) > 0 {
		n := f.countFitting(text)
		if n == 0 {
			f.rotateFile()
			if n = f.countFitting(text); n == 0 { // the file could not be moved
				n = len(text)
			}
		}
		written, err := f.appendText(text[:n], from)
		text = text[written:]
		if written < n {
			return text, err
		}
	}
	f.broken = false
	return nil, nil
}

// openAgain opens the file when it is not open and was not tried a moment ago. It
// returns an error when writing begins to fail.
func (f *logFile) openAgain() (open bool, failure error) {
	if f.fd >= 0 || time.Now().Before(f.retry) {
		return f.fd >= 0, nil
	}
	if err := f.openFile(); err != nil {
		return false, f.noteFailure(err)
	}
	return true, nil
}

// countFitting returns how many bytes of text can be written before the next
// rotation: whole lines, or else the part of a line that cannot begin or end in
// another file as a whole.
func (f *logFile) countFitting(text []byte) int {
	if f.fd < 0 || !f.regular || f.MaxBytes <= 0 || f.size+int64(len(text)) <= f.MaxBytes {
		return len(text)
	}
	room := int(max(f.MaxBytes-f.size, 0))
	if n := bytes.LastIndexByte(text[:room], '\n') + 1; n > 0 {
		return n
	}
	if f.size > 0 && !f.end.inLine {
		return 0
	}
	return room
}

// rotateFile moves the file to .1, .1 to .2 and so on, and opens a new file.
func (f *logFile) rotateFile() {
	if f.fd < 0 {
		return
	}
	f.closeFile()
	logs.Rotate(f.Path, f.Backups)
	_ = f.openFile() // appendText reports it when this has failed
}

// appendText appends a part of a page, and returns how many bytes were written. It
// returns an error when writing begins to fail, and nil while it goes on failing.
func (f *logFile) appendText(text []byte, from *outputStream) (written int, err error) {
	if open, err := f.openAgain(); !open {
		return 0, err
	}
	for written < len(text) {
		n, err := unix.Write(f.fd, text[written:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return written, f.noteFailure(err)
		}
		f.size += int64(n)
		written += n
		f.end = logEnd{inLine: text[written-1] != '\n', of: from}
	}
	return written, nil
}

// noteFailure returns an error when writing begins to fail.
func (f *logFile) noteFailure(err error) error {
	if f.broken { // reported already
		f.retry = time.Now().Add(reopenPause)
		return nil
	}
	return f.reportFailure(err)
}

// reportFailure notes the first failure and returns its message.
func (f *logFile) reportFailure(err error) error {
	f.broken, f.faulty, f.retry = true, true, time.Now().Add(reopenPause)
	what := "its lines are dropped until it can be written again"
	if f.Block {
		what = "the worker waits until it can be written again (log_full = block)"
	}
	return logFault{path: f.Path, text: fmt.Sprintf("write log %s: %v: %s", f.Path, err, what)}
}
