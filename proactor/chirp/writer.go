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

// maxKeptBuffer is the largest buffer that is kept for the next batch.
const maxKeptBuffer = 1 << 20

// frameWriter puts messages on a stream. Any goroutine may queue; one, which runs
// [Writer.Run], writes: all that is ready by one write, ACK and NOOP before
// data, at once when nothing is under way.
type frameWriter struct {
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

// newWriter writes to w. limit is as for [newReader]; backlog is the most bytes
// that may wait to be written, 0 means 64 MiB.
func newWriter(w io.Writer, limit, backlog int) *frameWriter {
	if limit <= 0 {
		limit = MaxMessage
	}
	if backlog <= 0 {
		backlog = defaultBacklog
	}
	wr := &frameWriter{w: w, limit: limit, backlog: backlog, serial: rand.Uint32()}
	wr.ready.L = &wr.mu
	return wr
}

// queueMessage copies the message into the next batch and returns; it never waits for
// the other side. Errors: *[SizeError], [ErrBacklog], [ErrClosed], or what ended
// the writing; the message was not queued then.
func (w *frameWriter) queueMessage(m *Message) error {
	if err := m.checkSize(w.limit); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkOpen(); err != nil {
		return err
	}
	// One message always fits: a backlog smaller than a message must not
	// make that message impossible.
	if waits := len(w.control) + len(w.data); waits > 0 && waits+m.wireSize() > w.backlog {
		return ErrBacklog
	}
	w.wakeRun()
	if m.Type&control != 0 {
		w.control = m.appendTo(w.control)
	} else {
		w.data = m.appendTo(w.data)
	}
	return nil
}

// checkOpen says why nothing can be queued.
func (w *frameWriter) checkOpen() error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

// wakeRun tells Run, once for all that joins a batch.
func (w *frameWriter) wakeRun() {
	if len(w.control)+len(w.data) == 0 {
		w.ready.Signal()
	}
}

// closeQueue lets Run write what is queued and return.
func (w *frameWriter) closeQueue() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.ready.Signal()
}

// run writes until Close, and then returns nil, or until a write fails. Its
// caller owns the goroutine. A write that hangs is ended by closing the stream.
func (w *frameWriter) run() error {
	for {
		w.waitForData()
		control, data := w.takeBatch()
		if len(control)+len(data) == 0 {
			return nil
		}
		if err := w.writeBatch(control, data); err != nil {
			return w.failWith(err)
		}
		w.recycleBuffers(control, data)
	}
}

// waitForData waits for something to write, and lets those who are about to queue
// more do so: many small writes cost more than the one turn.
func (w *frameWriter) waitForData() {
	w.mu.Lock()
	for len(w.control)+len(w.data) == 0 && !w.closed {
		w.ready.Wait()
	}
	w.mu.Unlock()
	runtime.Gosched()
}

// takeBatch takes all that is to be written; nothing only after Close.
func (w *frameWriter) takeBatch() (control, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	control, data = w.control, w.data
	w.control, w.data = w.spare[0][:0], w.spare[1][:0]
	w.spare = [2][]byte{}
	return control, data
}

// writeBatch numbers the batch and writes it. Control messages are small: behind
// them the data is copied when that saves a write, and not when it is large.
func (w *frameWriter) writeBatch(control, data []byte) error {
	w.serial = numberMessages(data, numberMessages(control, w.serial))
	if len(control) > 0 && len(data) <= maxKeptBuffer {
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

// recycleBuffers keeps the buffers of a batch for the next but one.
func (w *frameWriter) recycleBuffers(control, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cap(control) <= maxKeptBuffer {
		w.spare[0] = control[:0]
	}
	if cap(data) <= maxKeptBuffer {
		w.spare[1] = data[:0]
	}
}

// failWith ends the writer for everybody.
func (w *frameWriter) failWith(err error) error {
	w.endWith(err)
	return err
}

// endWith drops what is queued and makes Run return; from now on Queue says err, or
// ErrClosed when it is nil. The first error stays.
func (w *frameWriter) endWith(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.closed, w.control, w.data = true, nil, nil
	w.ready.Signal()
}
