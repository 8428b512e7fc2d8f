package logs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/linemark"
	"initiator/internal/trustedpath"
)

// Source is one log.
type Source struct {
	// Path is the file that is written; its rotated files are Path.1, Path.2 …
	Path string
	// From and Until bound the time of the lines: From ≤ time < Until; zero =
	// no bound. A line without a time has the time of the line before it.
	From, Until time.Time
	// Alone leaves out the files that were rotated before the read.
	Alone bool
}

// reader reads the lines of one source. One goroutine uses it.
type reader struct {
	Source
	number       int
	rotated      []*os.File // rotated files, the oldest first
	current      growingFile
	lines        *bufio.Reader
	part         []byte    // the last piece, or the beginning of a piece whose end is not written yet
	taken        bool      // part is the last piece
	cut          []byte    // after part: the first bytes of a character whose other bytes come later
	inLine       bool      // the last piece did not end its line
	grown        time.Time // when part got its last bytes
	searched     bool      // a file with text was searched for the last lines
	last         timestamp
	failed       bool // it could not be read, and is left out
	untilReached bool // a line at or after Until was read
}

// newReader returns a reader for a log that does not exist yet.
func newReader(s Source, number int) *reader {
	r := &reader{Source: s, number: number, current: growingFile{path: s.Path}}
	r.lines = bufio.NewReader(r)
	return r
}

// openReader finds where to begin: tail lines before the end (0 = no such
// bound), or with the file that From lies in. A log that does not exist is an
// error.
func openReader(s Source, number, tail int) (*reader, error) {
	r := newReader(s, number)
	for i, path := 0, s.Path; ; i, path = i+1, s.Path+"."+strconv.Itoa(i+1) {
		f, err := trustedpath.OpenRead(path)
		if errors.Is(err, fs.ErrNotExist) && i > 0 {
			return r, nil
		}
		if err != nil {
			r.closeFiles()
			return nil, err
		}
		enough, err := r.addFile(f, &tail)
		if err != nil {
			_ = f.Close() // it was only read
			r.closeFiles()
			return nil, err
		}
		if enough || s.Alone {
			return r, nil
		}
	}
}

// addFile puts the next older file before the others, and reports whether no
// older file is needed. A file that is there twice was rotated meanwhile.
func (r *reader) addFile(f *os.File, tail *int) (enough bool, err error) {
	switch {
	case r.current.file == nil:
		r.current.file = f
	case r.hasFile(f):
		_ = f.Close() // it was only read
		return false, nil
	default:
		r.rotated = append([]*os.File{f}, r.rotated...)
	}
	if *tail > 0 {
		st, err := f.Stat()
		if err != nil {
			return false, err
		}
		newest := !r.searched
		r.searched = r.searched || st.Size() > 0
		*tail, err = seekTail(f, *tail, newest)
		return *tail == 0, err
	}
	return r.beginsBefore(f)
}

func (r *reader) hasFile(f *os.File) bool {
	there, err := f.Stat()
	for _, known := range append([]*os.File{r.current.file}, r.rotated...) {
		if here, e := known.Stat(); err == nil && e == nil && os.SameFile(here, there) {
			return true
		}
	}
	return false
}

// beginsBefore reports whether a file begins before From, so that older files
// are not needed.
func (r *reader) beginsBefore(f *os.File) (bool, error) {
	if r.From.IsZero() {
		return false, nil
	}
	line := make([]byte, len(TimestampLayout)+1)
	n, err := f.ReadAt(line, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	at, ok := parseTimestamp(line[:n])
	return ok && at.at.Before(r.From), nil
}

// Read implements io.Reader for lines: all files, the oldest first.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.rotated) > 0 {
		n, err := r.rotated[0].Read(p)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		_ = r.rotated[0].Close() // it was only read
		r.rotated = r.rotated[1:]
	}
	return r.current.Read(p)
}

// longestPiece bounds, in bytes, the pieces in which a line is read, with its
// time. A longer line is read in several pieces.
const longestPiece = bounds.LogLine + len(TimestampLayout) + 1

// nextPiece returns the next line within the bounds, or the next piece of a long
// line. ok is false when there is none for now. The text is valid until the next
// call.
func (r *reader) nextPiece() (l Line, ok bool, err error) {
	for !r.untilReached && !r.failed {
		if r.taken {
			r.dropPart()
		}
		read, err := r.lines.ReadSlice('\n')
		if r.part = append(r.part, read...); len(read) > 0 {
			r.grown = time.Now()
		}
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF):
			return Line{}, false, err
		case err != nil && len(r.part) < longestPiece && errors.Is(err, io.EOF):
			return Line{}, false, nil
		case err != nil && len(r.part) < longestPiece:
			continue
		}
		if l, ok := r.takePiece(); ok {
			return l, true, nil
		}
	}
	return Line{}, false, nil
}

// keptPart is how much memory for the next line a reader keeps, in bytes. There may
// be thousands of readers, and few lines are longer.
const keptPart = 16 << 10

// dropPart forgets the last line.
func (r *reader) dropPart() {
	r.taken = false
	if r.part = r.part[:0]; cap(r.part) > keptPart {
		r.part = nil
	}
	r.part, r.cut = append(r.part, r.cut...), nil
}

// nextHistoryPiece returns the next piece of a log that is read once. With end, a
// last line without a line end is a piece.
func (r *reader) nextHistoryPiece(end bool) (l Line, ok bool, err error) {
	l, ok, err = r.nextPiece()
	if !ok && err == nil && end {
		l, ok = r.takeUnfinished()
	}
	return l, ok, err
}

// takeUnfinished returns the beginning of a piece whose end is not written yet.
func (r *reader) takeUnfinished() (Line, bool) {
	if r.taken {
		r.dropPart()
	}
	if len(r.part) == 0 || r.untilReached || r.failed {
		return Line{}, false
	}
	return r.takePiece()
}

// takePiece makes a piece of the text that was read; ok is false when it is out
// of bounds.
func (r *reader) takePiece() (l Line, ok bool) {
	text, ended := bytes.CutSuffix(r.part, []byte("\n"))
	if n := linemark.WholeCharacters(text); !ended && n > 0 {
		text, r.cut = text[:n], bytes.Clone(text[n:])
	}
	l = Line{Source: r.number, Text: text, Continued: r.inLine, Partial: !ended}
	r.taken, r.inLine = true, !ended
	if at, ok := parseTimestamp(text); ok && !l.Continued {
		r.last = at
	}
	begun, over := r.last.inBounds(r.From, r.Until)
	if r.untilReached = over; over || !begun {
		return Line{}, false
	}
	l.At = r.last.at
	return l, true
}

// countLines returns how many lines nextPiece would return, and with end
// takeUnfinished as well. It does not move the reader.
func (r *reader) countLines(ctx context.Context, end bool) (n int, err error) {
	var files []io.Reader
	for _, f := range append(slices.Clone(r.rotated), r.current.file) {
		if f == nil {
			continue // it does not exist yet
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0, err
		}
		files = append(files, io.NewSectionReader(f, at, math.MaxInt64-at))
	}
	c := newReader(r.Source, r.number)
	c.lines = bufio.NewReader(io.MultiReader(files...))
	for ctx.Err() == nil {
		l, ok, err := c.nextHistoryPiece(end)
		if err != nil {
			return 0, fmt.Errorf("read a log: %w", err)
		}
		if !ok {
			break
		}
		if !l.Continued {
			n++
		}
	}
	return n, nil
}

func (r *reader) closeFiles() {
	for _, f := range r.rotated {
		_ = f.Close() // it was only read
	}
	r.rotated = nil
	r.current.closeFile()
}
