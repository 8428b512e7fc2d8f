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

// Line is one line of a source.
type Line struct {
	Source int       // index of the source
	At     time.Time // zero where neither the line nor a line before it has a time
	Text   []byte    // as in the file, without the line end
}

// Query says how much to read.
type Query struct {
	Tail   int  // only so many last lines of all sources together; 0 = all
	Follow bool // do not end; wait for lines that are written later
}

const (
	// batchLines is how many lines emit is given at a time.
	batchLines = 1000
	// followEvery is how often followed logs are read. Their writer is another
	// process, and rotates them by renaming.
	followEvery = 100 * time.Millisecond
)

// Read passes the lines of all sources to emit, in the order of time, in
// batches; the first batch is empty and comes when all sources are open. Read
// returns at the end of the logs, with Follow when ctx is done, and with the
// error of emit. A source without a file is left out, unless Follow waits for
// it; when no source has a file, the error is fs.ErrNotExist.
func Read(ctx context.Context, sources []Source, q Query, emit func([]Line) error) error {
	readers, err := openAll(sources, q)
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
	b := &lineBatch{emit: emit, tail: q.Tail}
	if err := b.mergeHistory(ctx, readers, !q.Follow); err != nil || !q.Follow {
		return err
	}
	return b.followSources(ctx, readers)
}

func openAll(sources []Source, q Query) (readers []*reader, err error) {
	var missing error
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
			return readers, fmt.Errorf("read a log: %w", err)
		}
		readers = append(readers, r)
	}
	if len(readers) == 0 {
		return nil, missing
	}
	return readers, nil
}

// lineBatch collects lines for emit.
type lineBatch struct {
	emit  func([]Line) error
	tail  int // while it is > 0, so many last lines are kept back
	lines []Line
}

func (b *lineBatch) addLine(l Line) error {
	b.lines = append(b.lines, l)
	switch {
	case b.tail > 0 && len(b.lines) >= 2*b.tail+batchLines:
		b.lines = append(b.lines[:0:0], b.lines[len(b.lines)-b.tail:]...)
	case b.tail == 0 && len(b.lines) >= batchLines:
		return b.flushLines()
	}
	return nil
}

func (b *lineBatch) flushLines() error {
	if len(b.lines) == 0 {
		return nil
	}
	lines := b.lines
	b.lines = nil
	return b.emit(lines)
}

// head is the next line of a source.
type head struct {
	Line
	from *reader
}

// heads is a heap: the earliest line first, and for equal times the line of the
// first source.
type heads []head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
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
	advance := func(r *reader) error {
		l, ok, err := r.nextLine()
		if !ok && err == nil && end {
			l, ok = r.unfinishedLine()
		}
		if ok {
			heap.Push(&next, head{l, r})
		}
		return err
	}
	for _, r := range readers {
		if err := advance(r); err != nil {
			return err
		}
	}
	for len(next) > 0 && ctx.Err() == nil {
		h := heap.Pop(&next).(head)
		if err := errors.Join(b.addLine(h.Line), advance(h.from)); err != nil {
			return err
		}
	}
	if b.tail > 0 && len(b.lines) > b.tail {
		b.lines = b.lines[len(b.lines)-b.tail:]
	}
	b.tail = 0
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
// true when a source had more lines than batchLines.
func (b *lineBatch) readRound(readers []*reader) (more bool, err error) {
	var lines []Line
	for _, r := range readers {
		n := 0
		for ; n < batchLines; n++ {
			l, ok, err := r.nextLine()
			if err != nil {
				return false, fmt.Errorf("read a log: %w", err)
			}
			if !ok {
				break
			}
			lines = append(lines, l)
		}
		more = more || n == batchLines
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.At.Compare(b.At) })
	b.lines = lines
	return more, b.flushLines()
}
