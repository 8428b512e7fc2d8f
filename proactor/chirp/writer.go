package chirp

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
)

// defaultBacklog is the largest number of bytes that may wait to be written.
// Credits usually limit them long before; this limits what a reader that does
// not read can cost.
const defaultBacklog = 64 << 20

// maxKeptBuffer is the size of the largest buffer that is kept for the next
// batch.
const maxKeptBuffer = 1 << 20

// frameWriter writes messages to a stream. Any goroutine may queue a message.
// One goroutine runs run, which writes everything that is ready with one write,
// ACK and NOOP before data, and at once when nothing is under way.
type frameWriter struct {
	w       io.Writer
	limit   int // bytes of header and data of one message
	backlog int // bytes that may wait

	mu      sync.Mutex
	ready   sync.Cond // something waits, or writing has ended
	control []byte
	data    []byte
	spare   [2][]byte // the buffers of an earlier batch, for the next one
	closed  bool
	err     error // why writing ended; no message is queued any more

	serial uint32 // of the next message; only run uses it
}

// newWriter returns a writer for w. limit is as for [newReader]. backlog is the
// largest number of bytes that may wait to be written; 0 = 64 MiB.
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

// queueMessage copies a message into the next batch. It never waits for the
// other side. Errors, after which the message was not queued: *[SizeError],
// [ErrBacklog], [ErrClosed], or the error that ended the writing.
func (w *frameWriter) queueMessage(m *Message) error {
	if err := m.checkSize(w.limit); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.checkOpen(); err != nil {
		return err
	}
	// One message always fits, so that a backlog smaller than a message does
	// not make that message impossible.
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

// checkOpen reports why no message can be queued.
func (w *frameWriter) checkOpen() error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

// wakeRun wakes run, once for all messages that join a batch.
func (w *frameWriter) wakeRun() {
	if len(w.control)+len(w.data) == 0 {
		w.ready.Signal()
	}
}

// closeQueue makes run write what is queued and return.
func (w *frameWriter) closeQueue() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.ready.Signal()
}

// run writes until closeQueue, and then returns nil, or until a write fails.
// Closing the stream ends a write that hangs.
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

// waitForData waits for something to write. It then lets goroutines that are
// about to queue more do so, because many small writes cost more than one
// scheduler turn.
func (w *frameWriter) waitForData() {
	w.mu.Lock()
	for len(w.control)+len(w.data) == 0 && !w.closed {
		w.ready.Wait()
	}
	w.mu.Unlock()
	runtime.Gosched()
}

// takeBatch takes everything that is to be written. It takes nothing only after
// closeQueue.
func (w *frameWriter) takeBatch() (control, data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	control, data = w.control, w.data
	w.control, w.data = w.spare[0][:0], w.spare[1][:0]
	w.spare = [2][]byte{}
	return control, data
}

// writeBatch numbers the batch and writes it. Control messages are small: the
// data is copied behind them if that saves a write, unless the data is large.
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

// recycleBuffers keeps the buffers of a batch for a later batch.
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

// failWith ends the writer with an error.
func (w *frameWriter) failWith(err error) error {
	w.endWith(err)
	return err
}

// endWith drops what is queued and makes run return. queueMessage then returns
// err, or ErrClosed when err is nil. The first error is kept.
func (w *frameWriter) endWith(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.closed, w.control, w.data = true, nil, nil
	w.ready.Signal()
}
