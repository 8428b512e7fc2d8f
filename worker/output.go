package worker

import (
	"bytes"
	"context"
	"sync"
	"time"
	"unicode/utf8"

	"initiator/proactor"
)

// outputKept is how much of what a task writes waits to be told, in bytes. Of
// more, the beginning is left out.
const outputKept = 16 << 10

// Output passes on a part of the text that the task of ctx writes while it
// runs, to those who watch it: soon where there is a stream, and with the next
// heartbeat where there is none. Call it as often as you like. It is for people
// who wait; nothing of it is kept with the result, and what comes faster than
// 16 KiB at a time loses its beginning, of which the readers are told. It counts
// as progress. Outside a task it does nothing. The caller keeps text.
func Output(ctx context.Context, text []byte) {
	run, ok := ctx.Value(runKey{}).(*Execution)
	if !ok || len(text) == 0 || run.over() { // a handler may leave goroutines behind
		return
	}
	out := run.output.Load()
	if out == nil {
		run.output.CompareAndSwap(nil, &output{run: run})
		out = run.output.Load()
	}
	run.seq.Add(1)
	out.write(text)
}

func (r *Execution) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended.past
}

// output is what a task has written that may still be told.
type output struct {
	run *Execution

	mu    sync.Mutex
	kept  []byte // the newest
	end   int64  // how many bytes there were so far
	told  int64  // up to where the stream has been told
	at    time.Time
	timer *time.Timer // tells the rest; nil = nothing waits
	over  bool
}

func (o *output) write(text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	o.end += int64(len(text))
	if o.kept = append(o.kept, text[max(0, len(text)-outputKept):]...); len(o.kept) > outputKept {
		o.kept = append(o.kept[:0], o.kept[len(o.kept)-outputKept:]...)
	}
	wait := moveSpan - time.Since(o.at)
	switch {
	case o.run.mover == nil || o.timer != nil:
	case wait <= 0:
		o.tell(false)
	default:
		o.timer = time.AfterFunc(wait, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.timer = nil; !o.over {
				o.tell(false)
			}
		})
	}
}

// close tells the rest, before the outcome is.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over = true; o.timer != nil {
		o.timer.Stop()
	}
	if o.run.mover != nil {
		o.tell(true)
	}
}

// tell gives the stream what it has not been told.
func (o *output) tell(all bool) {
	from := max(o.told, o.end-int64(len(o.kept)))
	text := o.kept[int64(len(o.kept))-(o.end-from):]
	if !all {
		text = whole(text)
	}
	if len(text) == 0 {
		return
	}
	o.at, o.told = time.Now(), from+int64(len(text))
	o.run.mover.say(o.run, from, legible(text))
}

// newest is what a heartbeat says, where nobody else does; nil = nothing.
func (o *output) newest() *proactor.Output {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.run.mover != nil || len(o.kept) == 0 {
		return nil
	}
	text := o.kept
	if !o.over {
		text = whole(text)
	}
	return &proactor.Output{At: o.end - int64(len(o.kept)), Text: string(legible(text))}
}

// whole leaves out a character at the end that has not come whole.
func whole(text []byte) []byte {
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

// legible copies text, with a question mark for each byte that is not UTF-8, so
// that it stays as long as it was.
func legible(text []byte) []byte {
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
