package jobs

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// tailSize is how much of stderr explains a failure, in bytes.
const tailSize = 4 << 10

// stderrTail passes on what a process writes to stderr, in whole lines so that the
// lines of several processes do not mix, and keeps the end of it.
type stderrTail struct {
	to io.Writer

	mu   sync.Mutex // a process that lives long is asked while it writes
	line []byte     // the beginning of a line that has not ended
	kept []byte
}

// Write implements io.Writer; it never fails, because a process must not end
// for want of somebody who reads its stderr.
func (t *stderrTail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - tailSize; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 && len(t.line) < tailSize {
		t.line = append(t.line, p...)
		return len(p), nil
	}
	_, _ = t.to.Write(append(t.line, p[:end]...))
	t.line = append([]byte(nil), p[end:]...)
	return len(p), nil
}

// closeTail passes on a last line without an end, and returns the last words.
func (t *stderrTail) closeTail() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.line) > 0 {
		_, _ = t.to.Write(append(t.line, '\n'))
		t.line = nil
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(t.kept)), "\uFFFD")
}
