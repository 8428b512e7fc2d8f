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

// Screen is an output of the program: a terminal, a file or a pipe. It keeps
// the first error of a write, so that callers need not check each line. A
// Screen is used by one goroutine at a time.
type Screen struct {
	w        io.Writer
	file     *os.File // nil = the screen is not a terminal
	terminal bool
	colours  bool
	err      error
}

// NewScreen returns the screen of an open file. It finds out whether the file
// is a terminal. Colours are off when NO_COLOR is set, and when TERM is "dumb".
func NewScreen(f *os.File) *Screen {
	s := &Screen{w: f, file: f}
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	s.terminal = err == nil
	s.colours = s.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// NewPlainScreen returns a screen without a terminal: no colours, no width.
func NewPlainScreen(w io.Writer) *Screen { return &Screen{w: w} }

// IsTerminal reports whether the screen is a terminal.
func (s *Screen) IsTerminal() bool { return s.terminal }

// Detach returns a screen of the same output for another goroutine. It keeps its own
// error, which Report does not see.
func (s *Screen) Detach() *Screen {
	copied := *s
	copied.err = nil
	return &copied
}

// WriteError returns the first error of a write, also when the terminal has
// gone away; nil when every write succeeded.
func (s *Screen) WriteError() error { return s.err }

// Write implements io.Writer for text. On a terminal the text is escaped (Escape).
// After an error it writes nothing more.
func (s *Screen) Write(p []byte) (int, error) {
	text := p
	if s.terminal {
		text = []byte(Escape(string(p)))
	}
	if _, err := s.writeRaw(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeRaw is Write for text that was escaped, and for what steers the terminal.
func (s *Screen) writeRaw(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

// Err returns the first error of a write that the program should report. A
// terminal that has gone away is not reported.
func (s *Screen) Err() error {
	if errors.Is(s.err, unix.EIO) && s.terminal {
		return nil
	}
	return s.err
}

// Width returns the number of columns of the terminal; 0 means that lines may
// be as long as needed.
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

// WriteJSON writes v as one line of JSON.
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

// WriteLines writes lines, each cut to the width of the terminal.
func (s *Screen) WriteLines(lines ...string) error {
	width := s.Width()
	for _, line := range lines {
		if _, err := fmt.Fprintln(s, Truncate(line, width)); err != nil {
			return err
		}
	}
	return nil
}
