package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// screen is one of the program's outputs, and what is behind it. It keeps the
// first error, so that not every line has to be checked.
type screen struct {
	w        io.Writer
	file     *os.File // nil = not a file, and so no terminal
	terminal bool
	colours  bool
	err      error
}

func newScreen(f *os.File) *screen {
	s := &screen{w: f, file: f}
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	s.terminal = err == nil
	s.colours = s.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// Write implements io.Writer. After an error it writes nothing more.
func (s *screen) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

// failed is the first error of a write. A terminal that has gone away is
// nobody's fault.
func (s *screen) failed() error {
	if errors.Is(s.err, unix.EIO) && s.terminal {
		return nil
	}
	return s.err
}

// width is the number of columns of a terminal, and 0 for "as wide as needed".
func (s *screen) width() int {
	if !s.terminal {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(s.file.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return 0
	}
	return int(size.Col)
}

// json writes one document, or one line of a stream of them.
func (s *screen) json(v any) error {
	var line bytes.Buffer
	out := json.NewEncoder(&line)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := s.Write(line.Bytes())
	return err
}

// lines writes lines that must not be wider than the terminal.
func (s *screen) lines(lines ...string) error {
	width := s.width()
	for _, line := range lines {
		if _, err := fmt.Fprintln(s, cut(line, width)); err != nil {
			return err
		}
	}
	return nil
}

// The colours; each says one thing everywhere.
const (
	good  = "\x1b[32m"
	busy  = "\x1b[33m"
	bad   = "\x1b[31m"
	faint = "\x1b[2m"
	plain = "\x1b[0m"
)

// paint colours a text where colours can be seen.
func (s *screen) paint(colour, text string) string {
	if !s.colours || colour == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return colour + text + plain
}

// format is the value of -o.
type format struct {
	json       bool
	supervisor bool // as supervisorctl prints it, where it does; else text
	given      bool
}

// String implements pflag.Value.
func (f *format) String() string {
	switch {
	case f.json:
		return "json"
	case f.supervisor:
		return "supervisor"
	}
	return "text"
}

// Set implements pflag.Value.
func (f *format) Set(s string) error {
	if s != "text" && s != "json" && s != "supervisor" {
		return fmt.Errorf("there is text, json and supervisor")
	}
	*f = format{json: s == "json", supervisor: s == "supervisor", given: true}
	return nil
}

// Type implements pflag.Value.
func (f *format) Type() string { return "format" }
