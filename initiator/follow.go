package initiator

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// followEvery is how often a followed log is looked at once it has been read
// to its end. Its writer is another process, and rotates it by renaming.
const followEvery = 100 * time.Millisecond

// follower reads a log as it grows, and goes on with its successor when it is
// rotated. Read is for one goroutine; Close may come from any other and ends a
// Read that waits.
type follower struct {
	path   string
	closed chan struct{}

	mu   sync.Mutex // guards file; never held while waiting
	file *os.File   // nil until there is one
	over bool       // Close was called
}

// follow opens a log before its last n lines; 0 = at its beginning. A log that
// does not exist yet is waited for.
func follow(path string, n int) (*follower, error) {
	l := &follower{path: path, closed: make(chan struct{})}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l, nil
	case err != nil:
		return nil, fmt.Errorf("follow the log: %w", err)
	}
	if err := seekTail(f, n); err != nil {
		f.Close()
		return nil, fmt.Errorf("follow the log: %w", err)
	}
	l.file = f
	return l, nil
}

// Read implements io.Reader. It returns io.EOF once Close was called.
func (l *follower) Read(p []byte) (int, error) {
	for {
		n, err := l.some(p)
		if n > 0 || err != nil {
			return n, err
		}
		select {
		case <-l.closed:
		case <-time.After(followEvery):
		}
	}
}

// some reads what there is, and changes to the next file when this one is done.
// It returns 0 when there is nothing yet.
func (l *follower) some(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return 0, io.EOF
	}
	moved := l.moved() // asked first: what was written before the move is read below
	if l.file != nil {
		n, err := l.file.Read(p)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
	}
	if !moved {
		return 0, nil
	}
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // between the rename and the next line
	}
	if err != nil {
		return 0, err
	}
	l.drop()
	l.file = f
	n, err := f.Read(p)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// moved says whether the path leads to another file than the one that is open,
// or that file was emptied.
func (l *follower) moved() bool {
	there, err := os.Stat(l.path)
	if l.file == nil || err != nil {
		return l.file == nil && err == nil
	}
	here, err := l.file.Stat()
	if err != nil || !os.SameFile(here, there) {
		return true
	}
	at, err := l.file.Seek(0, io.SeekCurrent)
	return err == nil && there.Size() < at
}

func (l *follower) drop() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

// Close ends a Read that waits. Closing twice does nothing more.
func (l *follower) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.over = true
		close(l.closed)
		l.drop()
	}
	return nil
}
