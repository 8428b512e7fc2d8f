package logs

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// Line is one line of a source, or a piece of a line that is long or has no end
// yet. Its text is valid until emit returns.
type Line struct {
	Source    int       // index of the source
	At        time.Time // zero where neither the line nor a line before it has a time
	Text      []byte    // as in the file, without the line end
	Partial   bool      // the line goes on in the next piece of the source, or its end is not written yet
	Continued bool      // the text goes on with the line of the last piece of the source
}

// Query says how much to read.
type Query struct {
	Tail   int  // only so many last lines of all sources together; 0 = all
	Follow bool // do not end; wait for lines that are written later
	// Unreadable is called for each source that cannot be read, or not read on, when
	// another source can. Then the lines of the other sources follow. Nil: the first
	// such error ends Read.
	Unreadable func(source int, err error)
}

const (
	// batchLines and batchBytes are how many lines emit is given at a time, and how
	// long these lines are together, apart from the last.
	batchLines = 1000
	batchBytes = 256 << 10
	// followEvery is how often followed logs are read. Their writer is another
	// process, and rotates them by renaming.
	followEvery = 100 * time.Millisecond
	// unfinishedWait is how long a followed line waits for its end. Then what is
	// there of it is passed on.
	unfinishedWait = time.Second
)

// Read passes the lines of all sources to emit, in the order of time, in
// batches. The first call of emit has no lines: it says that there is something
// to read. Read returns after the last line, or with Follow when ctx is done. A
// source without a file is left out, unless Follow waits for it; when no source
// has a file, the error is fs.ErrNotExist. The error names every source that cannot
// be read when there is no other; see also Query.Unreadable. A Tail of any length costs no memory:
// the lines are counted first, and then read again.
func Read(ctx context.Context, sources []Source, q Query, emit func([]Line) error) error {
	readers, failures, err := openAll(sources, q)
	defer func() {
		for _, r := range readers {
			r.closeFiles()
		}
	}()
	if err != nil {
		return err
	}
	if err := emit(nil); err != nil {
		return err
	}
	for _, f := range failures {
		q.Unreadable(f.source, f.err)
	}
	b := &lineBatch{emit: emit, unreadable: q.Unreadable}
	if q.Tail > 0 {
		if b.skip, err = b.countBefore(ctx, readers, q); err != nil {
			return err
		}
	}
	if err := b.mergeHistory(ctx, readers, !q.Follow); err != nil || !q.Follow {
		return err
	}
	return b.followSources(ctx, readers)
}

// countBefore returns how many lines of the readers come before the last q.Tail
// lines of all. Lines that are written later are not counted.
func (b *lineBatch) countBefore(ctx context.Context, readers []*reader, q Query) (lines int, err error) {
	for _, r := range readers {
		n, err := r.countLines(ctx, !q.Follow)
		if err = b.excuseReader(r, err); err != nil {
			return 0, err
		}
		lines += n
	}
	return max(0, lines-q.Tail), nil
}

// readFailure is a source that cannot be read.
type readFailure struct {
	source int
	err    error
}

// openAll opens the sources. Failures are the sources that cannot be opened; err is
// about them when there is no other source.
func openAll(sources []Source, q Query) (readers []*reader, failures []readFailure, err error) {
	var missing, failed error
	for i, s := range sources {
		tail := q.Tail
		if !s.Until.IsZero() {
			tail = 0 // the last lines are not at the end of the file
		}
		r, err := openReader(s, i, tail)
		switch {
		case errors.Is(err, fs.ErrNotExist) && q.Follow:
			r = newReader(s, i)
		case errors.Is(err, fs.ErrNotExist):
			missing = errors.Join(missing, err)
			continue
		case err != nil:
			err = fmt.Errorf("read a log: %w", err)
			if q.Unreadable == nil {
				return readers, nil, err
			}
			failures, failed = append(failures, readFailure{i, err}), errors.Join(failed, err)
			continue
		}
		readers = append(readers, r)
	}
	switch {
	case len(readers) > 0:
		return readers, failures, nil
	case failed != nil:
		return nil, nil, failed
	}
	return nil, nil, missing
}

// lineBatch collects lines for emit.
type lineBatch struct {
	emit func([]Line) error
	// unreadable is Query.Unreadable.
	unreadable func(source int, err error)
	skip       int  // so many lines are left out first
	skips      bool // the last piece was left out
	lines      []Line
	text       []byte // of the lines
}

func (b *lineBatch) addLine(l Line) error {
	if !l.Continued {
		if b.skips = b.skip > 0; b.skips {
			b.skip--
		}
	}
	if b.skips {
		return nil
	}
	b.keepLine(l)
	if len(b.lines) >= batchLines || len(b.text) >= batchBytes {
		return b.flushLines()
	}
	return nil
}

// excuseReader leaves out a reader that has failed, and returns the error only where
// it ends the whole read.
func (b *lineBatch) excuseReader(r *reader, err error) error {
	if err == nil || b.unreadable == nil {
		return err
	}
	r.failed = true
	b.unreadable(r.number, err)
	return nil
}

// nextHistoryPiece is reader.nextHistoryPiece of a reader that may fail.
func (b *lineBatch) nextHistoryPiece(r *reader, end bool) (l Line, ok bool, err error) {
	l, ok, err = r.nextHistoryPiece(end)
	return l, ok, b.excuseReader(r, err)
}

// keepLine adds a line to the batch, with a copy of its text: the reader uses its
// memory again. A batch uses the memory of the batch before, so that a log of any
// length leaves no garbage.
func (b *lineBatch) keepLine(l Line) {
	begin := len(b.text)
	b.text = append(b.text, l.Text...)
	l.Text = b.text[begin:len(b.text):len(b.text)]
	b.lines = append(b.lines, l)
}

func (b *lineBatch) flushLines() error {
	if len(b.lines) == 0 {
		return nil
	}
	err := b.emit(b.lines)
	b.lines, b.text = b.lines[:0], b.text[:0]
	return err
}

// head is the next line of a source.
type head struct {
	Line
	from *reader
}

// heads is a heap: the rest of a line that was begun first, then the earliest line,
// and for equal times the line of the first source.
type heads []head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	if h[i].Continued != h[j].Continued {
		return h[i].Continued // at most one line is begun at a time
	}
	return h[i].At.Before(h[j].At) || h[i].At.Equal(h[j].At) && h[i].Source < h[j].Source
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *heads) Push(x any) { *h = append(*h, x.(head)) }

// Pop implements heap.Interface.
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// mergeHistory merges the lines that are there. With end it also takes lines
// without a line end, because no more text will come.
func (b *lineBatch) mergeHistory(ctx context.Context, readers []*reader, end bool) error {
	var next heads
	for _, r := range readers {
		l, ok, err := b.nextHistoryPiece(r, end)
		if err != nil {
			return err
		}
		if ok {
			next = append(next, head{l, r})
		}
	}
	heap.Init(&next)
	for len(next) > 0 && ctx.Err() == nil {
		if err := b.addLine(next[0].Line); err != nil {
			return err
		}
		l, ok, err := b.nextHistoryPiece(next[0].from, end)
		if err != nil {
			return err
		}
		if !ok {
			heap.Pop(&next)
			continue
		}
		next[0].Line = l // in its place: Push and Pop would allocate for each line
		heap.Fix(&next, 0)
	}
	b.skip = 0
	return b.flushLines()
}

// followSources reads all sources again and again.
func (b *lineBatch) followSources(ctx context.Context, readers []*reader) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		more, err := b.readRound(readers)
		if err != nil {
			return err
		}
		if more && ctx.Err() == nil {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// readRound emits the lines that were written since the last round; more is
// true when a source had more than its part of a round.
func (b *lineBatch) readRound(readers []*reader) (more bool, err error) {
	part := max(batchBytes/len(readers), 1)
	for _, r := range readers {
		n, bytes := 0, 0
		for ; n < batchLines && bytes < part; n++ {
			l, ok, err := r.nextPiece()
			if err = b.excuseReader(r, err); err != nil {
				return false, fmt.Errorf("read a log: %w", err)
			}
			if !ok && time.Since(r.grown) >= unfinishedWait {
				l, ok = r.takeUnfinished()
			}
			if !ok {
				break
			}
			b.keepLine(l)
			bytes += len(l.Text)
		}
		more = more || n == batchLines || bytes >= part
	}
	slices.SortStableFunc(b.lines, func(a, b Line) int { return a.At.Compare(b.At) })
	return more, b.flushLines()
}
