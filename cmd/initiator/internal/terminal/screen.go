package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Screen is one of the program's outputs, and what is behind it. It keeps the
// first error, so that not every line has to be checked.
type Screen struct {
	w        io.Writer
	file     *os.File // nil = not a file, and so no terminal
	terminal bool
	colours  bool
	err      error
}

func NewScreen(f *os.File) *Screen {
	s := &Screen{w: f, file: f}
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	s.terminal = err == nil
	s.colours = s.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// NewPlainScreen returns a screen that is no terminal.
func NewPlainScreen(w io.Writer) *Screen { return &Screen{w: w} }

// IsTerminal reports whether the screen is a terminal.
func (s *Screen) IsTerminal() bool { return s.terminal }

// Writer returns the writer behind the screen.
func (s *Screen) Writer() io.Writer { return s.w }

// WriteError returns the first error of a write.
func (s *Screen) WriteError() error { return s.err }

// Write implements io.Writer. After an error it writes nothing more.
func (s *Screen) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

// Err is the first error of a write. A terminal that has gone away is
// nobody's fault.
func (s *Screen) Err() error {
	if errors.Is(s.err, unix.EIO) && s.terminal {
		return nil
	}
	return s.err
}

// Width is the number of columns of a terminal, and 0 for "as wide as needed".
func (s *Screen) Width() int {
	if !s.terminal {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(s.file.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return 0
	}
	return int(size.Col)
}

// WriteJSON writes one document, or one line of a stream of them.
func (s *Screen) WriteJSON(v any) error {
	var line bytes.Buffer
	out := json.NewEncoder(&line)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := s.Write(line.Bytes())
	return err
}

// WriteLines writes lines that must not be wider than the terminal.
func (s *Screen) WriteLines(lines ...string) error {
	width := s.Width()
	for _, line := range lines {
		if _, err := fmt.Fprintln(s, Truncate(line, width)); err != nil {
			return err
		}
	}
	return nil
}
