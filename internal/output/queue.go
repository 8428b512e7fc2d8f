package output

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// queueLimit is the number of bytes that wait for a reader before lines are
	// dropped.
	queueLimit = 1 << 20
	// queueChunk bounds, in bytes, what is written at once, so that the queue sees
	// whether the reader reads.
	queueChunk = 64 << 10
)

// Queue is a writer that never blocks: text waits in memory for the writer behind
// it. When too much text waits, whole calls of Write are dropped, and the queue
// reports the number of dropped lines in their place once the reader reads again.
// Text of WriteAcknowledged is never dropped, because its source waits. Text that
// the writer refuses is lost, and reported once the writer takes text again. Any
// goroutine may call the methods; Close ends the queue's goroutine.
type Queue struct {
	to   io.Writer
	wake chan struct{} // holds a token while there is work
	done chan struct{} // closed when the goroutine ends
	lost lostText      // used by the goroutine alone

	mu       sync.Mutex // never held while writing
	waiting  batch
	limited  int // bytes of Write in waiting and in the batch that is being written
	dropped  int // lines that were dropped behind waiting
	writing  bool
	closed   bool
	progress chan struct{} // closed, and made anew, when text was written
}

// batch is text, and what to call when its parts were written.
type batch struct {
	text    []byte
	limited int // bytes of Write
	parts   []part
}

// part is the text of one WriteAcknowledged.
type part struct {
	end     int // in the text of its batch
	written func()
}

// NewQueue returns a queue in front of w.
func NewQueue(w io.Writer) *Queue {
	q := &Queue{to: w, wake: make(chan struct{}, 1), done: make(chan struct{}), progress: make(chan struct{})}
	go q.writeAll()
	return q
}

// Write implements io.Writer. It takes p whole or drops it whole. It never
// fails: the writer of a log could not handle the error.
func (q *Queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
	case q.dropped > 0 || q.limited+len(p) > queueLimit:
		// After a dropped line all lines are dropped until the reader has caught
		// up, so that the gap is reported once and in its place.
		q.dropped += countLines(p)
	default:
		q.waiting.text = append(q.waiting.text, p...)
		q.waiting.limited += len(p)
		q.limited += len(p)
	}
	q.wakeWriter()
	return len(p), nil
}

// WriteAcknowledged takes p in any case, and calls written, which must not block
// for long, when p was written or is lost. The caller bounds what is not written
// yet.
func (q *Queue) WriteAcknowledged(p []byte, written func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.noteDropped()
	q.waiting.text = append(q.waiting.text, p...)
	q.waiting.parts = append(q.waiting.parts, part{len(q.waiting.text), written})
	q.wakeWriter()
}

// noteDropped puts the report of dropped lines behind the waiting text. The caller
// holds the lock.
func (q *Queue) noteDropped() {
	if q.dropped > 0 {
		q.waiting.text = fmt.Appendf(q.waiting.text, "initiator | %d lines were dropped here, because the reader was too slow\n", q.dropped)
		q.dropped = 0
	}
}

// countLines counts the lines of a text, whose last line may have no end.
func countLines(p []byte) int { return max(1, bytes.Count(p, []byte("\n"))) }

// wakeWriter wakes the goroutine of the queue.
func (q *Queue) wakeWriter() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// writeAll writes waiting text until the queue is closed.
func (q *Queue) writeAll() {
	defer close(q.done)
	for range q.wake {
		for {
			b, closed := q.takeWaiting()
			if len(b.text) > 0 {
				q.writeBatch(b)
				continue
			}
			if closed {
				return
			}
			break
		}
	}
}

// writeBatch writes a batch in chunks.
func (q *Queue) writeBatch(b batch) {
	for begin := 0; begin < len(b.text); begin += queueChunk {
		end := min(begin+queueChunk, len(b.text))
		q.lost.write(q.to, b.text[begin:end])
		for len(b.parts) > 0 && b.parts[0].end <= end {
			b.parts[0].written()
			b.parts = b.parts[1:]
		}
		q.noteProgress(0)
	}
	q.noteProgress(b.limited)
}

// noteProgress says that text was written, and frees the room of so many bytes.
func (q *Queue) noteProgress(limited int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limited -= limited
	close(q.progress)
	q.progress = make(chan struct{})
}

// takeWaiting returns the waiting text, with the report of the lines that were
// dropped behind it.
func (q *Queue) takeWaiting() (b batch, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.noteDropped()
	b, q.waiting = q.waiting, batch{}
	q.writing = len(b.text) > 0
	if !q.writing {
		close(q.progress)
		q.progress = make(chan struct{})
	}
	return b, q.closed
}

// Flush waits until the waiting text is written. It gives up when the reader has
// read nothing for grace.
func (q *Queue) Flush(grace time.Duration) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	for {
		q.mu.Lock()
		idle, progress := len(q.waiting.text) == 0 && !q.writing && q.dropped == 0, q.progress
		q.mu.Unlock()
		if idle {
			return
		}
		select {
		case <-progress:
			timer.Reset(grace)
		case <-q.done:
			return
		case <-timer.C:
			return
		}
	}
}

// Close takes no further text and waits as Flush does. A reader that does not read
// blocks the queue's goroutine, which ends with the reader.
func (q *Queue) Close(grace time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wakeWriter()
	q.Flush(grace)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	}
}
