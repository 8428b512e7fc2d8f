package output

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// queueLimit is the number of bytes that wait for a reader before lines are
// dropped.
const queueLimit = 1 << 20

// Queue is a writer that never blocks: text waits in memory for the writer
// behind it. When too much text waits, whole writes are dropped, and the queue
// reports the number of dropped lines in their place once the reader reads
// again. Any goroutine may call Write; Close ends the queue's goroutine.
type Queue struct {
	to   io.Writer
	wake chan struct{} // holds a token while there is work
	done chan struct{} // closed when the goroutine ends

	mu      sync.Mutex // never held while writing
	waiting []byte
	dropped int // lines that were dropped behind waiting
	closed  bool
}

// NewQueue returns a queue in front of w.
func NewQueue(w io.Writer) *Queue {
	q := &Queue{to: w, wake: make(chan struct{}, 1), done: make(chan struct{})}
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
	case q.dropped > 0 || len(q.waiting)+len(p) > queueLimit:
		// After a dropped line all lines are dropped until the reader has caught
		// up, so that the gap is reported once and in its place.
		q.dropped += max(1, bytes.Count(p, []byte("\n")))
	default:
		q.waiting = append(q.waiting, p...)
	}
	q.wakeWriter()
	return len(p), nil
}

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
		piece, dropped, closed := q.takeWaiting()
		if len(piece) > 0 {
			_, _ = q.to.Write(piece) // a closed output loses lines only
		}
		if dropped > 0 {
			_, _ = fmt.Fprintf(q.to, "initiator | %d lines were dropped here, because the reader was too slow\n", dropped)
		}
		if closed {
			return
		}
	}
}

// takeWaiting returns the waiting text, and the number of lines that were
// dropped behind it.
func (q *Queue) takeWaiting() (piece []byte, dropped int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	piece, dropped = q.waiting, q.dropped
	q.waiting, q.dropped = nil, 0
	return piece, dropped, q.closed
}

// Close waits until the waiting text is written, for at most grace. A reader
// that does not read blocks the queue's goroutine, which ends with the reader.
func (q *Queue) Close(grace time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wakeWriter()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	}
}
