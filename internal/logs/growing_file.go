package logs

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"initiator/internal/trustedpath"
)

// growingFile reads a file that another process appends to, and goes on with
// the next file of the name when it is rotated. Read returns io.EOF when there
// is nothing more for now; the caller may read again later. One goroutine uses
// it.
type growingFile struct {
	path string
	file *os.File // nil until the file exists
}

// Read implements io.Reader.
func (g *growingFile) Read(p []byte) (int, error) {
	if n, err := g.readFile(p); n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	if !g.wasReplaced() {
		return 0, io.EOF
	}
	if n, err := g.readFile(p); n > 0 || !errors.Is(err, io.EOF) {
		return n, err // it was written after the read above, and before the rename
	}
	f, err := trustedpath.OpenRead(g.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, io.EOF // between the rename and the next line
	}
	if err != nil {
		return 0, err
	}
	g.closeFile()
	g.file = f
	return f.Read(p)
}

// readFile reads from the open file. Its end, and no file, are io.EOF.
func (g *growingFile) readFile(p []byte) (int, error) {
	if g.file == nil {
		return 0, io.EOF
	}
	return g.file.Read(p)
}

// wasReplaced reports whether the path leads to another file than the open
// file, or the open file was emptied.
func (g *growingFile) wasReplaced() bool {
	there, err := os.Stat(g.path)
	if g.file == nil || err != nil {
		return g.file == nil && err == nil
	}
	here, err := g.file.Stat()
	if err != nil || !os.SameFile(here, there) {
		return true
	}
	at, err := g.file.Seek(0, io.SeekCurrent)
	return err == nil && there.Size() < at
}

func (g *growingFile) closeFile() {
	if g.file != nil {
		_ = g.file.Close() // it was only read
		g.file = nil
	}
}
