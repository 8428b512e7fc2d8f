package main

import (
	"fmt"
	"os"
	"sync"

	"initiator/internal/logs"
)

// logFile is the file of logfile =: it is rotated before it grows too large,
// and can be opened anew by its name after others have rotated it.
type logFile struct {
	path     string
	maxBytes int64 // 0 = never rotated
	backups  int

	mu    sync.Mutex
	file  *os.File
	size  int64
	plain bool // a regular file, that can be rotated
}

// Write implements io.Writer. A record that is larger than a file may be has
// one of its own.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plain && l.maxBytes > 0 && l.size > 0 && l.size+int64(len(p)) > l.maxBytes {
		logs.Rotate(l.path, l.backups)
		_ = l.openFile() // else it goes on in the old one, wherever that is now
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// reopenFile goes on in the file that has the name now. Where that cannot be
// opened the old one stays.
func (l *logFile) reopenFile() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.openFile()
}

func (l *logFile) openFile() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the logfile: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was written
		return fmt.Errorf("open the logfile: %w", err)
	}
	if l.file != nil {
		_ = l.file.Close() // each line was written when it was logged
	}
	l.file, l.size, l.plain = f, info.Size(), info.Mode().IsRegular()
	return nil
}

func (l *logFile) closeFile() {
	if l != nil {
		_ = l.file.Close() // each line was written when it was logged
	}
}

func openLogFile(path string, maxBytes int64, backups int) (*logFile, error) {
	l := &logFile{path: path, maxBytes: maxBytes, backups: backups}
	return l, l.reopenFile()
}
