package logs

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// Source is one log.
type Source struct {
	// Path is the file that is written; its predecessors are Path.1, Path.2 …
	Path string
	// From and Until bound the time of the lines: From ≤ time < Until; zero =
	// no bound. A line without a time has that of the line before it.
	From, Until time.Time
	// Alone leaves the predecessors out that are there at the beginning.
	Alone bool
}

// reader gives the lines of one source. It is for one goroutine.
type reader struct {
	Source
	number int
	old    []*os.File // rotated ones, the oldest first
	now    growing
	lines  *bufio.Reader
	part   []byte // the beginning of a line whose end is not written yet
	last   stamp
	over   bool // Until is reached
}

// newReader begins with a log that is not there yet.
func newReader(s Source, number int) *reader {
	r := &reader{Source: s, number: number, now: growing{path: s.Path}}
	r.lines = bufio.NewReader(r)
	return r
}

// open finds where to begin: tail lines before the end (0 = no such bound), or
// with the file in which From lies. A log that is not there is an error.
func open(s Source, number, tail int) (*reader, error) {
	r := newReader(s, number)
	for i, path := 0, s.Path; ; i, path = i+1, s.Path+"."+strconv.Itoa(i+1) {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) && i > 0 {
			return r, nil
		}
		if err != nil {
			r.close()
			return nil, err
		}
		enough, err := r.add(f, &tail)
		if err != nil {
			_ = f.Close() // it was only read
			r.close()
			return nil, err
		}
		if enough || s.Alone {
			return r, nil
		}
	}
}

// add puts the next older file before those that there are, and says whether
// no older one is needed. A file that is there twice was rotated meanwhile.
func (r *reader) add(f *os.File, tail *int) (enough bool, err error) {
	switch {
	case r.now.file == nil:
		r.now.file = f
	case r.has(f):
		_ = f.Close() // it was only read
		return false, nil
	default:
		r.old = append([]*os.File{f}, r.old...)
	}
	if *tail > 0 {
		*tail, err = seekTail(f, *tail)
		return *tail == 0, err
	}
	return r.reaches(f)
}

func (r *reader) has(f *os.File) bool {
	there, err := f.Stat()
	for _, known := range append([]*os.File{r.now.file}, r.old...) {
		if here, e := known.Stat(); err == nil && e == nil && os.SameFile(here, there) {
			return true
		}
	}
	return false
}

// reaches says whether a file begins before From, so that what is older than
// the file is not wanted.
func (r *reader) reaches(f *os.File) (bool, error) {
	if r.From.IsZero() {
		return false, nil
	}
	line := make([]byte, len(stampLayout)+1)
	n, err := f.ReadAt(line, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	at, ok := stampOf(line[:n])
	return ok && at.at.Before(r.From), nil
}

// Read implements io.Reader for lines: all files, one after the other.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.old) > 0 {
		n, err := r.old[0].Read(p)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		_ = r.old[0].Close() // it was only read
		r.old = r.old[1:]
	}
	return r.now.Read(p)
}

// next returns the next line that is wanted. Ok is false when there is none
// for now.
func (r *reader) next() (l Line, ok bool, err error) {
	for !r.over {
		piece, err := r.lines.ReadBytes('\n')
		r.part = append(r.part, piece...)
		if errors.Is(err, io.EOF) {
			return Line{}, false, nil
		}
		if err != nil {
			return Line{}, false, err
		}
		if l, ok := r.take(); ok {
			return l, true, nil
		}
	}
	return Line{}, false, nil
}

// rest returns a last line that has no end.
func (r *reader) rest() (Line, bool) {
	if len(r.part) == 0 || r.over {
		return Line{}, false
	}
	r.part = append(r.part, '\n')
	return r.take()
}

// take makes a line of what was read, where it is wanted.
func (r *reader) take() (l Line, ok bool) {
	text := r.part[:len(r.part)-1]
	r.part = nil
	if at, ok := stampOf(text); ok {
		r.last = at
	}
	begun, over := r.last.within(r.From, r.Until)
	if r.over = over; over || !begun {
		return Line{}, false
	}
	return Line{Source: r.number, At: r.last.at, Text: text}, true
}

func (r *reader) close() {
	for _, f := range r.old {
		_ = f.Close() // it was only read
	}
	r.old = nil
	r.now.close()
}
