package worker

import (
	"bytes"
	"context"
	"sync"
	"time"
	"unicode/utf8"

	"initiator/proactor"
)

// outputLimit is how much of what a task writes waits to be told, in bytes. Of
// more, the beginning is left out.
const outputLimit = 16 << 10

// Output passes on a part of the text that the task of ctx writes while it
// runs, to those who watch it: soon where there is a stream, and with the next
// heartbeat where there is none. Call it as often as you like. It is for people
// who wait; nothing of it is kept with the result, and what comes faster than
// 16 KiB at a time loses its beginning, of which the readers are told. It counts
// as progress. Outside a task it does nothing. The caller keeps text.
func Output(ctx context.Context, text []byte) {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok || len(text) == 0 || run.hasReturned() { // a handler may leave goroutines behind
		return
	}
	out := run.output.Load()
	if out == nil {
		run.output.CompareAndSwap(nil, &taskOutput{run: run})
		out = run.output.Load()
	}
	run.seq.Add(1)
	out.appendText(text)
}

func (r *execution) hasReturned() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.returned.happened
}

// taskOutput is what a task has written that may still be told.
type taskOutput struct {
	run *execution

	mu       sync.Mutex
	kept     []byte // the newest
	end      int64  // how many bytes there were so far
	sent     int64  // up to where the stream has been told
	lastSent time.Time
	timer    *time.Timer // tells the rest; nil = nothing waits
	closed   bool
}

func (o *taskOutput) appendText(text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
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

// closeOutput tells the rest, before the outcome is.
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

// sendUnsent gives the stream what it has not been told.
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

// heartbeatOutput is what a heartbeat says, where nobody else does; nil = nothing.
func (o *taskOutput) heartbeatOutput() *proactor.Output {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.run.live != nil || len(o.kept) == 0 {
		return nil
	}
	text := o.kept
	if !o.closed {
		text = trimPartialRune(text)
	}
	return &proactor.Output{At: o.end - int64(len(o.kept)), Text: string(replaceInvalidUTF8(text))}
}

// trimPartialRune leaves out a character at the end that has not come whole.
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

// replaceInvalidUTF8 copies text, with a question mark for each byte that is not UTF-8, so
// that it stays as long as it was.
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
