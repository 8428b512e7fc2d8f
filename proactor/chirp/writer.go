package chirp

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
)

// defaultBacklog is the most bytes that may wait to be written. Credits bound
// what waits long before; this bounds what a silent reader can cost.
const defaultBacklog = 64 << 20

// keepBuffer is the largest buffer that is kept for the next batch.
const keepBuffer = 1 << 20

// Writer puts messages on a stream. Any goroutine may queue; one, which runs
// [Writer.Run], writes: all that is ready by one write, ACK and NOOP before
// data, at once when nothing is under way.
type Writer struct {
	w       io.Writer
	limit   int // bytes of header and data of one message
	backlog int // bytes that may wait

	mu      sync.Mutex
	ready   sync.Cond // something waits, or the end has come
	control []byte
	data    []byte
	spare   [2][]byte // the buffers of the batch before, for the next one
	closed  bool
	err     error // why writing ended; nothing is queued any more

	serial uint32 // of the next message; Run's alone
}

// NewWriter writes to w. limit is as for [NewReader]; backlog is the most bytes
// that may wait to be written, 0 means 64 MiB.
func NewWriter(w io.Writer, limit, backlog int) *Writer {
	if limit <= 0 {
		limit = MaxMessage
	}
	if backlog <= 0 {
		backlog = defaultBacklog
	}
	wr := &Writer{w: w, limit: limit, backlog: backlog, serial: rand.Uint32()}
	wr.ready.L = &wr.mu
	return wr
}

// Queue copies the message into the next batch and returns; it never waits for
// the other side. Errors: *[SizeError], [ErrBacklog], [ErrClosed], or what ended
// the writing; the message was not queued then.
func (w *Writer) Queue(m *Message) error {
	if err := m.fits(w.limit); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	// One message always fits: a backlog smaller than a message must not
	// make that message impossible.
	if waits := len(w.control) + len(w.data); waits > 0 && waits+m.size() > w.backlog {
		return ErrBacklog
	}
	w.wake()
	if m.Type&control != 0 {
		w.control = m.append(w.control)
	} else {
		w.data = m.append(w.data)
	}
	return nil
}

// open says why nothing can be queued.
func (w *Writer) open() error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

// wake tells Run, once for all that joins a batch.
func (w *Writer) wake() {
	if len(w.control)+len(w.data) == 0 {
		w.ready.Signal()
	}
}

// Close lets Run write what is queued and return.
func (w *Writer) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.ready.Signal()
}

// Run writes until Close, and then returns nil, or until a write fails. Its
// caller owns the goroutine. A write that hangs is ended by closing the stream.
func (w *Writer) Run() error {
	for {
		w.await()
		control, data := w.take()
		if len(control)+len(data) == 0 {
			return nil
		}
		if err := w.write(control, data); err != nil {
			return w.fail(err)
		}
		w.recycle(control, data)
	}
}

// await waits for something to write, and lets those who are about to queue
// more do so: many small writes cost more than the one turn.
func (w *Writer) await() {
	w.mu.Lock()
	for len(w.control)+len(w.data) == 0 && !w.closed {
		w.ready.Wait()
	}
	w.mu.Unlock()
	runtime.Gosched()
}

// take takes all that is to be written; nothing only after Close.
func (w *Writer) take() (control, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	control, data = w.control, w.data
	w.control, w.data = w.spare[0][:0], w.spare[1][:0]
	w.spare = [2][]byte{}
	return control, data
}

// write numbers the batch and writes it. Control messages are small: behind
// them the data is copied when that saves a write, and not when it is large.
func (w *Writer) write(control, data []byte) error {
	w.serial = number(data, number(control, w.serial))
	if len(control) > 0 && len(data) <= keepBuffer {
		control, data = append(control, data...), nil
	}
	for _, p := range [2][]byte{control, data} {
		if len(p) == 0 {
			continue
		}
		if _, err := w.w.Write(p); err != nil {
			return fmt.Errorf("write messages: %w", err)
		}
	}
	return nil
}

// recycle keeps the buffers of a batch for the next but one.
func (w *Writer) recycle(control, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cap(control) <= keepBuffer {
		w.spare[0] = control[:0]
	}
	if cap(data) <= keepBuffer {
		w.spare[1] = data[:0]
	}
}

// fail ends the writer for everybody.
func (w *Writer) fail(err error) error {
	w.end(err)
	return err
}

// end drops what is queued and makes Run return; from now on Queue says err, or
// ErrClosed when it is nil. The first error stays.
func (w *Writer) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.closed, w.control, w.data = true, nil, nil
	w.ready.Signal()
}
