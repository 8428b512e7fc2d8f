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
	Source int       // its place among the sources
	At     time.Time // zero where neither it nor a line before it has a time
	Text   []byte    // as it stands in the file, without its end
}

// Query says how much to read.
type Query struct {
	Tail   int  // only the last so many lines of all together; 0 = all
	Follow bool // do not end; wait for what is written next
}

const (
	// batchLines is how many lines are given out at a time.
	batchLines = 1000
	// followEvery is how often followed logs are looked at. Their writer is
	// another process, and rotates them by renaming.
	followEvery = 100 * time.Millisecond
)

// Read gives the lines of all sources to emit, in the order of time, in
// batches; first an empty one, when all is opened. It returns at the end of
// what there is, with Follow when ctx is done, and with the error of emit. A
// source without a file is left out, unless Follow waits for it; when no source
// has one, the error is fs.ErrNotExist.
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
			tail = 0 // what is last is not at the end
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

// lineBatch collects lines on their way to emit.
type lineBatch struct {
	emit  func([]Line) error
	tail  int // while it is > 0, the last so many are kept back
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

// heads is a heap: the earliest line first, and of one time the first source's.
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

// mergeHistory merges what there is. With end also lines without an end count: no
// more will come.
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

// followSources looks at all sources again and again.
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

// readRound gives out what was written since the last one; more is true where a
// source had more than its turn.
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
