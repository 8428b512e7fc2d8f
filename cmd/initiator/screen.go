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

// The colours; each says one thing everywhere.
const (
	ColourGood  = "\x1b[32m"
	ColourBusy  = "\x1b[33m"
	ColourBad   = "\x1b[31m"
	colourFaint = "\x1b[2m"
	colourReset = "\x1b[0m"
)

// Paint colours a text where colours can be seen.
func (s *Screen) Paint(colour, text string) string {
	if !s.colours || colour == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return colour + text + colourReset
}

// OutputFormat is the value of -o.
type OutputFormat struct {
	JSON       bool
	Supervisor bool // as supervisorctl prints it, where it does; else text
	Given      bool
}

// String implements pflag.Value.
func (f *OutputFormat) String() string {
	switch {
	case f.JSON:
		return "json"
	case f.Supervisor:
		return "supervisor"
	}
	return "text"
}

// Set implements pflag.Value.
func (f *OutputFormat) Set(s string) error {
	if s != "text" && s != "json" && s != "supervisor" {
		return fmt.Errorf("there is text, json and supervisor")
	}
	*f = OutputFormat{JSON: s == "json", Supervisor: s == "supervisor", Given: true}
	return nil
}

// Type implements pflag.Value.
func (f *OutputFormat) Type() string { return "format" }
