package ndjson

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// bufferSize is the number of bytes that are read at once: a few hundred small
// lines.
const bufferSize = 64 << 10

// ErrTooLong is wrapped by the error for a line above the limit. The reader has
// skipped the line; the next call returns the line after it.
var ErrTooLong = errors.New("the line is too long")

// Reader reads lines. One goroutine uses it.
type Reader struct {
	// BeforeLong is called before a line that is longer than the buffer is read
	// on; its error ends the read. Nil has no effect.
	BeforeLong func() error

	in    *bufio.Reader
	limit int
	line  int
}

// NewReader returns a Reader that takes lines of at most limit bytes.
func NewReader(from io.Reader, limit int) *Reader {
	return &Reader{in: bufio.NewReaderSize(from, bufferSize), limit: limit}
}

// LineNumber is the number of the line that NextLine returned last, from 1. Blank
// lines count, so that it is the number that an editor shows.
func (r *Reader) LineNumber() int { return r.line }

// NextLine returns the next line that is not blank, without the space around it.
// The caller may keep it. The last line needs no line break. Errors: io.EOF, an
// error that wraps ErrTooLong, or the error of the underlying reader. A line that
// such an error cut off is not returned, because half a number is a number too.
func (r *Reader) NextLine() ([]byte, error) {
	for {
		line, err := r.readLine()
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

// HasLine reports whether a whole line is in the buffer, so that NextLine returns
// at once. A caller that collects lines into a batch sends the batch when HasLine
// is false.
func (r *Reader) HasLine() bool {
	buffer, _ := r.in.Peek(r.in.Buffered()) // no error: the bytes are buffered
	return bytes.IndexByte(buffer, '\n') >= 0
}

// readLine reads up to the end of a line. It keeps nothing of a line that is too
// long.
func (r *Reader) readLine() ([]byte, error) {
	var line []byte
	for size := 0; ; {
		part, err := r.in.ReadSlice('\n')
		more := errors.Is(err, bufio.ErrBufferFull)
		if size += len(part); err != nil && !more && (err != io.EOF || size == 0) {
			return nil, err
		}
		if more && size == len(part) && r.BeforeLong != nil {
			if err := r.BeforeLong(); err != nil {
				return nil, err
			}
		}
		if size <= r.limit+1 { // with the line break
			line = append(line, part...)
		}
		if !more {
			r.line++
			return r.checkLength(line, size)
		}
	}
}

// checkLength refuses a line of more than the limit. The line break does not
// count.
func (r *Reader) checkLength(line []byte, size int) ([]byte, error) {
	if line = bytes.TrimSuffix(line, []byte("\n")); size > r.limit+1 || len(line) > r.limit {
		return nil, fmt.Errorf("line %d has %d bytes; at most %d: %w", r.line, size, r.limit, ErrTooLong)
	}
	return line, nil
}
