package worker

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// outputLimit is how much unsent output of a task is kept, in bytes. Of longer
// output the beginning is dropped.
const outputLimit = bounds.UnsentOutput

// Output returns a writer for the text that the task of ctx writes while it
// runs. People who watch the task see the text: within a moment when there is a
// stream, and with the next heartbeat otherwise. Any goroutine may write, at any
// rate; a Write returns no error. The text is not stored with the result. Text
// that arrives faster than it is sent loses its beginning beyond 16 KiB, and
// readers are told how much is missing. A Write counts as progress. After the
// return of the handler, and outside a task, the text is discarded.
func Output(ctx context.Context) io.Writer {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok {
		return io.Discard
	}
	return outputWriter{run}
}

// outputWriter writes the output of a task.
type outputWriter struct{ run *execution }

// Write implements io.Writer. It never fails.
func (w outputWriter) Write(text []byte) (int, error) {
	run := w.run
	if len(text) == 0 || run.hasReturned() { // a goroutine of the handler may outlive it
		return len(text), nil
	}
	out := run.output.Load()
	if out == nil {
		run.output.CompareAndSwap(nil, &taskOutput{run: run})
		out = run.output.Load()
	}
	run.seq.Add(1)
	out.appendText(text)
	return len(text), nil
}

func (r *execution) hasReturned() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.returned.happened
}

// taskOutput is the output of a task that is not sent yet.
type taskOutput struct {
	run *execution

	mu       sync.Mutex
	kept     []byte // the newest output
	end      int64  // the number of bytes written so far
	sent     int64  // the number of bytes sent on the stream
	lastSent time.Time
	timer    *time.Timer // sends the rest later; nil = no text waits
	closed   bool
}

func (o *taskOutput) appendText(text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.run.executor.recorder.addOutput(text)
	o.end += int64(len(text))
	if o.kept = append(o.kept, text[max(0, len(text)-outputLimit):]...); len(o.kept) > outputLimit {
		o.kept = append(o.kept[:0], o.kept[len(o.kept)-outputLimit:]...)
	}
	wait := liveInterval - time.Since(o.lastSent)
	switch {
	case o.run.live == nil || o.timer != nil:
	case wait <= 0:
		o.sendUnsent(false)
	default:
		o.timer = time.AfterFunc(wait, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.timer = nil; !o.closed {
				o.sendUnsent(false)
			}
		})
	}
}

// closeOutput sends the rest, before the outcome is sent.
func (o *taskOutput) closeOutput() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed = true; o.timer != nil {
		o.timer.Stop()
	}
	if o.run.live != nil {
		o.sendUnsent(true)
	}
}

// sendUnsent sends the unsent text on the stream.
func (o *taskOutput) sendUnsent(all bool) {
	from := max(o.sent, o.end-int64(len(o.kept)))
	text := o.kept[int64(len(o.kept))-(o.end-from):]
	if !all {
		text = trimPartialRune(text)
	}
	if len(text) == 0 {
		return
	}
	o.lastSent, o.sent = time.Now(), from+int64(len(text))
	o.run.live.reportOutput(o.run, from, replaceInvalidUTF8(text))
}

// heartbeatOutput returns the output for a heartbeat. It is nil when the
// stream sends the output or the task has written none.
func (o *taskOutput) heartbeatOutput() *task.Output {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.run.live != nil || len(o.kept) == 0 {
		return nil
	}
	text := o.kept
	if !o.closed {
		text = trimPartialRune(text)
	}
	return &task.Output{At: o.end - int64(len(o.kept)), Text: string(replaceInvalidUTF8(text))}
}

// trimPartialRune drops an incomplete character at the end.
func trimPartialRune(text []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return text[:len(text)-n]
			}
			break
		}
	}
	return text
}

// replaceInvalidUTF8 returns a copy of text with a question mark for each byte
// that is not UTF-8. The copy is as long as the text.
func replaceInvalidUTF8(text []byte) []byte {
	clean := bytes.Clone(text)
	for at := 0; at < len(clean); {
		r, size := utf8.DecodeRune(clean[at:])
		if r == utf8.RuneError && size == 1 {
			clean[at] = '?'
		}
		at += size
	}
	return clean
}
