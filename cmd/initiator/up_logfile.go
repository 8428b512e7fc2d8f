package main

import (
	"fmt"
	"os"
	"sync"

	"initiator/internal/limits"
	"initiator/internal/logs"
	"initiator/internal/plan"
)

// logFile is the file of the key logfile. It is rotated before it exceeds its
// limit, and can be reopened after a rotation by another program. A nil logFile
// is "no file". Any goroutine may use it.
type logFile struct {
	path     string
	maxBytes int64 // 0 = no limit
	backups  int
	access   logs.Access

	mu    sync.Mutex
	file  *os.File
	size  int64
	plain bool // a regular file, which can be rotated
	// warning says why the file that was made last has other permissions or another
	// owner than the file of the plan.
	warning error
}

// Write implements io.Writer. A record that is larger than the limit gets a
// file of its own.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plain && l.maxBytes > 0 && l.size > 0 && l.size+int64(len(p)) > l.maxBytes {
		logs.Rotate(l.path, l.backups)
		_ = l.openFile() // on an error the old file stays in use
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// reopenFile opens the file that has the name now. On an error the old file
// stays in use.
func (l *logFile) reopenFile() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.openFile()
}

// openFile opens the file by its name. The caller holds the lock.
func (l *logFile) openFile() error {
	var before logs.Predecessor
	if l.file != nil {
		before = logs.PredecessorOf(int(l.file.Fd()))
	}
	fd, warning, err := logs.OpenAppend(l.path, l.access, before)
	if err != nil {
		return fmt.Errorf("open the logfile: %w", err)
	}
	l.warning = warning
	f := os.NewFile(uintptr(fd), l.path)
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was written
		return fmt.Errorf("open the logfile: %w", err)
	}
	if l.file != nil {
		_ = l.file.Close() // every line has been written
	}
	l.file, l.size, l.plain = f, info.Size(), info.Mode().IsRegular()
	return nil
}

// filePath returns the path of the file; "" = no file.
func (l *logFile) filePath() string {
	if l == nil {
		return ""
	}
	return l.path
}

// closeFile closes the file.
func (l *logFile) closeFile() {
	if l != nil {
		_ = l.file.Close() // every line has been written
	}
}

// openLogFile opens or creates the file of the key logfile.
func openLogFile(s *plan.Settings) (*logFile, error) {
	access, err := limits.LogAccess(s.LogFiles)
	if err != nil {
		return nil, err
	}
	l := &logFile{path: s.LogFile, maxBytes: s.LogMaxBytes, backups: s.LogBackups, access: access}
	return l, l.reopenFile()
}
