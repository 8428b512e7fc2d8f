package dispatch

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/queue"
)

// outputTail is how many bytes of a running task's output are kept for later
// subscribers.
const outputTail = bounds.OutputTail

// attemptOutput is what an attempt has written so far. The loop owns it.
type attemptOutput struct {
	end  int64 // bytes written so far
	tail []byte
}

// recordOutput adds what a worker reports that a task has written. The report
// may repeat earlier text. Text that it leaves out is a gap.
func (d *Dispatcher) recordOutput(r *attempt, o task.Output, now time.Time) {
	if o.At < 0 || o.At > math.MaxInt64-int64(len(o.Text)) {
		return
	}
	if r.output == nil {
		r.output = &attemptOutput{}
	}
	out := r.output
	if known := out.end - o.At; known > 0 {
		if known >= int64(len(o.Text)) {
			return
		}
		o.At, o.Text = out.end, o.Text[known:]
	}
	if o.At > out.end {
		out.tail = out.tail[:0]
	}
	out.end = o.At + int64(len(o.Text))
	if out.tail = append(out.tail, o.Text...); len(out.tail) > outputTail {
		out.tail = append(out.tail[:0], out.tail[len(out.tail)-outputTail:]...)
	}
	r.lastListed, r.lastProgress = now, now
	if id := r.lease.Task; d.subscribers.hasSubscriber(id, r.timer.Value.conn.pool.Name) {
		if t, ok := d.opts.Queue.FindTask(id); ok && !r.stopping {
			d.publishOutput(&t, o, now)
		}
	}
}

// publishOutput publishes output text, after the event of its attempt.
func (d *Dispatcher) publishOutput(t *task.Task, o task.Output, now time.Time) {
	n := outputEvent(t, o, now)
	d.whenStored(func(err error) {
		if err == nil {
			d.subscribers.publishEvent(n)
		}
	})
}

func outputEvent(t *task.Task, o task.Output, now time.Time) task.Event {
	n := queue.EventOf(t, now)
	n.Progress, n.Output = nil, &o
	return n
}

// earlierOutput returns the kept output of a running task, for a new
// subscriber.
func (d *Dispatcher) earlierOutput(t *task.Task, now time.Time) (n task.Event, ok bool) {
	l, _ := queue.LeaseOf(t)
	p := d.workers[workerID{l.GUID, l.Incarnation}]
	if p == nil || p.running[t.ID] == nil || p.running[t.ID].output == nil {
		return n, false
	}
	out := p.running[t.ID].output
	text := strings.TrimLeftFunc(string(out.tail), func(r rune) bool { return r == utf8.RuneError })
	return outputEvent(t, task.Output{At: out.end - int64(len(text)), Text: text}, now), true
}
