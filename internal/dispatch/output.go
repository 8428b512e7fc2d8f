package dispatch

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/proactor"
	"initiator/proactor/chirp"
)

// outputTail is how much of what a running task has written is remembered for
// those who begin to watch, in bytes.
const outputTail = 8 << 10

// output is what a run has written so far. It belongs to the loop.
type output struct {
	end  int64 // how many bytes
	tail []byte
}

// wrote takes what a worker says that a task has written. It may say the same
// again, or more than that; what it leaves out is a gap.
func (d *Dispatcher) wrote(r *run, o proactor.Output, now time.Time) {
	if o.At < 0 || o.At > math.MaxInt64-int64(len(o.Text)) {
		return
	}
	if r.output == nil {
		r.output = &output{}
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
	r.seen, r.moved = now, now
	if id := r.lease.Task; d.audience.wants(id, r.timer.Value.peer.pool.Name) {
		if t, ok := d.o.Queue.Get(id); ok && !r.stopping {
			d.announceOutput(&t, o, now)
		}
	}
}

// announceOutput tells those who watch, behind the news of the attempt.
func (d *Dispatcher) announceOutput(t *task.Task, o proactor.Output, now time.Time) {
	n := written(t, o, now)
	d.whenKept(func(err error) {
		if err == nil {
			d.audience.tell(n)
		}
	})
}

func written(t *task.Task, o proactor.Output, now time.Time) task.News {
	n := t.News(now)
	n.Progress, n.Output = nil, &o
	return n
}

// before is what a running task wrote before somebody began to watch it.
func (d *Dispatcher) before(t *task.Task, now time.Time) (n task.News, ok bool) {
	l, _ := t.Lease()
	p := d.peers[who{l.GUID, l.Incarnation}]
	if p == nil || p.running[t.ID] == nil || p.running[t.ID].output == nil {
		return n, false
	}
	out := p.running[t.ID].output
	text := strings.TrimLeftFunc(string(out.tail), func(r rune) bool { return r == utf8.RuneError })
	return written(t, proactor.Output{At: out.end - int64(len(text)), Text: text}, now), true
}

// output brings the loop what a running handler has written.
func (l *line) output(m *chirp.Message) {
	if !utf8.Valid(m.Data) {
		l.hangUp("what it says that a task has written is not UTF-8")
		return
	}
	l.tell(&outputMessage{l, uuid.UUID(m.Identity), l.header.Attempt, proactor.Output{At: int64(l.header.Seq), Text: string(m.Data)}}, 1)
}

type outputMessage struct {
	l       *line
	task    uuid.UUID
	attempt int
	said    proactor.Output
}

func (m *outputMessage) apply(d *Dispatcher, now time.Time) {
	m.l.unread.Add(-1)
	r := m.l.p.running[m.task]
	if r == nil || !r.is(m.attempt) {
		m.l.strayed()
		return
	}
	d.wrote(r, m.said, now)
}
