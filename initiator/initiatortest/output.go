package initiatortest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// output keeps the initiator's log until the end of the test: a test that passes
// shows nothing.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String returns what has been written.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// shownLog is how much of each worker's log a failed test shows, in bytes.
const shownLog = 16 << 10

// showLogs writes the end of every worker's log to the test's output.
func (s *Server) showLogs() {
	_ = filepath.WalkDir(s.Initiator().StateDir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".log") {
			return nil
		}
		if filepath.Dir(path) == s.Initiator().StateDir() {
			return nil // the stored tasks are no text
		}
		text, err := os.ReadFile(path)
		if err != nil || len(text) == 0 {
			return nil
		}
		text = text[max(0, len(text)-shownLog):]
		s.t.Logf("%s:\n%s", filepath.Base(path), text)
		return nil
	})
}
