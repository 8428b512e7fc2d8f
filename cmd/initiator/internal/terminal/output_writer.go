package terminal

import (
	"io"
	"unicode/utf8"
)

// OutputWriter shows what workers and tasks have written. On a terminal it lets
// colours and other attributes of text through (SGR sequences), until the end of the
// line, and escapes everything that Escape escapes. To a file or a pipe it writes
// the bytes unchanged. One goroutine uses it; Flush ends its text.
type OutputWriter struct {
	to      io.Writer
	raw     bool   // nothing is escaped
	held    []byte // the beginning of a character or of a sequence
	painted bool   // the line has attributes
}

// OutputWriter returns a writer for the output of workers.
func (s *Screen) OutputWriter() *OutputWriter {
	return &OutputWriter{to: writerFunc(s.writeRaw), raw: !s.terminal}
}

// writerFunc is a function as an io.Writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// maxSGR bounds the parameters of one SGR sequence in bytes. A longer sequence is
// escaped.
const maxSGR = 32

// Write implements io.Writer.
func (o *OutputWriter) Write(p []byte) (int, error) {
	if o.raw {
		return o.to.Write(p)
	}
	text := append(o.held, p...)
	out := make([]byte, 0, len(text)+16)
	for len(text) > 0 {
		n := o.takePart(text)
		if n == 0 {
			break
		}
		out = o.appendPart(out, text[:n])
		text = text[n:]
	}
	o.held = append([]byte(nil), text...)
	if _, err := o.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what Write holds, and takes back the attributes of an unfinished
// line.
func (o *OutputWriter) Flush() error {
	out := appendEscaped(nil, string(o.held))
	o.held = nil
	if o.painted {
		o.painted, out = false, append(out, colourReset...)
	}
	if len(out) == 0 {
		return nil
	}
	_, err := o.to.Write(out)
	return err
}

// takePart returns the length of the first part of a text: an SGR sequence, the end
// of a line, or a character. It returns 0 when more text is needed to tell.
func (o *OutputWriter) takePart(text []byte) int {
	switch text[0] {
	case '\r':
		switch {
		case len(text) == 1:
			return 0
		case text[1] == '\n':
			return 2
		}
		return 1
	case '\x1b':
		n, whole := measureSGR(text)
		switch {
		case whole:
			return n
		case n == len(text):
			return 0
		}
		return 1
	}
	if !utf8.FullRune(text) {
		return 0
	}
	_, n := utf8.DecodeRune(text)
	return n
}

// measureSGR returns the length of the SGR sequence at the start of a text, or of
// its beginning when the sequence is not whole.
func measureSGR(text []byte) (n int, whole bool) {
	for n < len(text) && n < maxSGR+3 {
		c := text[n]
		switch {
		case n == 0 && c == '\x1b', n == 1 && c == '[', n > 1 && (c >= '0' && c <= '9' || c == ';' || c == ':'):
			n++
		case n > 1 && c == 'm':
			return n + 1, true
		default:
			return 0, false
		}
	}
	return n, false
}

// appendPart appends a part as it is shown.
func (o *OutputWriter) appendPart(out, part []byte) []byte {
	switch {
	case part[len(part)-1] == '\n':
		if o.painted {
			o.painted, out = false, append(out, colourReset...)
		}
		return append(out, '\n')
	case part[0] == '\x1b' && len(part) > 1:
		o.painted = true
		return append(out, part...)
	}
	return appendEscaped(out, string(part))
}
