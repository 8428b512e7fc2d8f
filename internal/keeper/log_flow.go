package keeper

import (
	"fmt"
	"time"
)

// blockRetry is how often a log with Block that cannot be written is tried again.
const blockRetry = time.Second

// hasPlace reports whether output may be read for a log. Where the disk is slower
// than the output, the output waits in its pipe, until the disk has taken nothing
// for logStall. With Block it waits in any case. Again is when to ask again.
func (f *logFile) hasPlace(now time.Time, bytes int) (ok bool, again time.Time) {
	if f.Block && f.kept.Load() > 0 {
		return false, now.Add(blockRetry)
	}
	if f.writer.hasRoom(bytes, logRoom) {
		return true, time.Time{}
	}
	f.writer.late.Store(true) // it wakes the loop from now on
	if f.writer.hasRoom(bytes, logRoom) {
		return true, time.Time{}
	}
	stall := f.writer.stallsAt()
	switch {
	case f.Block:
		return false, now.Add(blockRetry)
	case now.Before(stall):
		return false, stall
	}
	return true, time.Time{} // writeLog drops it
}

// writeLog gives a page to the writer of a log. When the log's disk has taken no
// line for logStall, or too much waits, the page is dropped.
func (l *loop) writeLog(f *logFile, k key, page logPage) (kept bool) {
	stall := f.writer.stallsAt()
	room := f.writer.hasRoom(len(page.text), logRoom)
	if !room && (f.Block || time.Now().Before(stall)) {
		room = f.writer.hasRoom(len(page.text), lastRoom)
	}
	if !room {
		if page.from.lost == 0 && !stall.Equal(page.from.stall) { // a smaller page may have had room meanwhile
			page.from.stall = stall
			l.queueLogWarning(k, f, logFault{path: f.Path, text: fmt.Sprintf("write log %s: its disk has taken nothing for %s: its lines are dropped until it does", f.Path, logStall)})
		}
		page.from.lost += countLines(page.text)
		return false
	}
	page.lost, page.from.lost = page.from.lost, 0
	l.addLogJob(f, k, page.text, func() error { return f.writePage(&page) })
	return true
}

// retryKept tries again to write what a log with Block could not write.
func (l *loop) retryKept(f *logFile, now time.Time) {
	if f.kept.Load() == 0 || now.Before(f.retryKept) {
		return
	}
	f.retryKept = now.Add(blockRetry)
	l.addLogJob(f, key{}, nil, f.writeKept)
}

// logFault is an error of a log that lasts until an error with no fault follows.
type logFault struct {
	path, text string
	over       bool
}

func (f logFault) Error() string { return f.text }
