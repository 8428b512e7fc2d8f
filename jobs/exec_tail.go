package jobs

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"initiator/internal/bounds"
)

// tailSize is how much of stderr a failure shows, in bytes.
const tailSize = bounds.ExecTail

// stderrTail passes on the stderr of a process in whole lines, so that the
// lines of several processes do not mix, and keeps its last bytes.
type stderrTail struct {
	to io.Writer

	mu   sync.Mutex // failures of a long-lived process are read while it writes
	line []byte     // the beginning of an incomplete line
	kept []byte
}

// Write implements io.Writer. It never fails, because a process must not end
// when its stderr cannot be passed on.
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

// closeTail passes on an incomplete last line and returns the kept text.
func (t *stderrTail) closeTail() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.line) > 0 {
		_, _ = t.to.Write(append(t.line, '\n'))
		t.line = nil
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(t.kept)), "\uFFFD")
}
