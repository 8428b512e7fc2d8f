package ndjson

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// buffered is how much is read at once, in bytes: a few hundred small lines.
const buffered = 64 << 10

// ErrTooLong is wrapped by the error for a line above the limit. The line has
// been skipped; the next call goes on behind it.
var ErrTooLong = errors.New("the line is too long")

// Reader reads lines. It belongs to one goroutine.
type Reader struct {
	in    *bufio.Reader
	limit int
	line  int
}

// NewReader returns a Reader that takes lines of at most limit bytes.
func NewReader(from io.Reader, limit int) *Reader {
	return &Reader{in: bufio.NewReaderSize(from, buffered), limit: limit}
}

// Line is the number of the line that Next returned last, from 1; blank ones
// are counted as well, so that it is what an editor shows.
func (r *Reader) Line() int { return r.line }

// Next returns the next line that is not blank, without the space around it;
// the caller may keep it. The last line needs no end. Errors: io.EOF, one that
// wraps ErrTooLong, or that of the reading; a line that was broken off by such
// an error is not returned, because half a number is a number too.
func (r *Reader) Next() ([]byte, error) {
	for {
		line, err := r.whole()
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

// Ready says whether there is a whole line already: Next does not have to wait
// for it. Whoever collects lines stops collecting where it is false.
func (r *Reader) Ready() bool {
	there, _ := r.in.Peek(r.in.Buffered()) // never more than there is
	return bytes.IndexByte(there, '\n') >= 0
}

// whole reads up to the end of a line. Of one that is too long nothing is kept.
func (r *Reader) whole() ([]byte, error) {
	var line []byte
	for size := 0; ; {
		part, err := r.in.ReadSlice('\n')
		more := errors.Is(err, bufio.ErrBufferFull)
		if size += len(part); err != nil && !more && (err != io.EOF || size == 0) {
			return nil, err
		}
		if size <= r.limit+1 { // with its end
			line = append(line, part...)
		}
		if !more {
			r.line++
			return r.checked(line, size)
		}
	}
}

// checked refuses a line of more than the limit, its end not counted.
func (r *Reader) checked(line []byte, size int) ([]byte, error) {
	if line = bytes.TrimSuffix(line, []byte("\n")); size > r.limit+1 || len(line) > r.limit {
		return nil, fmt.Errorf("line %d has %d bytes; at most %d: %w", r.line, size, r.limit, ErrTooLong)
	}
	return line, nil
}
