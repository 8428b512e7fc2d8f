package output

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// queueLimit is how many bytes wait for a reader before lines are dropped.
const queueLimit = 1 << 20

// Queue is a writer that never blocks: what is written waits in memory for the
// writer behind it. When too much waits, whole writes are dropped, and how many
// lines that were is written in their place once the reader reads again. Write
// may be called from any goroutine; Close ends the queue's own.
type Queue struct {
	to   io.Writer
	wake chan struct{} // holds one token while there is something to do
	done chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // never held while writing
	waiting []byte
	dropped int // lines, after what waits
	closed  bool
}

// NewQueue returns a queue in front of w.
func NewQueue(w io.Writer) *Queue {
	q := &Queue{to: w, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.writeAll()
	return q
}

// Write implements io.Writer. It takes all of p or, silently, none: whoever
// writes a log can do nothing about it.
func (q *Queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
	case q.dropped > 0 || len(q.waiting)+len(p) > queueLimit:
		// Once a line is missing the following are too, until the reader
		// has caught up: a gap is told once and at its place.
		q.dropped += max(1, bytes.Count(p, []byte("\n")))
	default:
		q.waiting = append(q.waiting, p...)
	}
	q.wakeWriter()
	return len(p), nil
}

func (q *Queue) wakeWriter() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *Queue) writeAll() {
	defer close(q.done)
	for range q.wake {
		piece, dropped, closed := q.takeWaiting()
		if len(piece) > 0 {
			_, _ = q.to.Write(piece) // an output that is gone loses lines, and nothing else
		}
		if dropped > 0 {
			_, _ = fmt.Fprintf(q.to, "initiator | %d lines were dropped here, because nobody read them in time\n", dropped)
		}
		if closed {
			return
		}
	}
}

func (q *Queue) takeWaiting() (piece []byte, dropped int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	piece, dropped = q.waiting, q.dropped
	q.waiting, q.dropped = nil, 0
	return piece, dropped, q.closed
}

// Close writes what waits, for at most as long as grace. A reader that does not
// read keeps the queue's goroutine, which ends when the reader does.
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
