package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/proactor"
)

// Pauses after which a worker or a task is tried again.
const (
	busyRest    = 100 * time.Millisecond // a worker said 601 although a slot should be free
	refusedRest = time.Second            // every worker refused and none said for how long
	stopGrace   = 10 * time.Second       // from asking a task to stop to ending its worker
)

type postedMessage struct {
	p *peer
	l task.Lease
	a posted
}

// apply takes a worker's answer to POST /task/new.
func (m postedMessage) apply(d *Dispatcher, now time.Time) {
	r := m.p.running[m.l.Task]
	if d.peers[m.p.who] != m.p || r == nil || r.lease != m.l {
		return
	}
	r.seen = now
	e := m.a.envelope
	switch {
	case m.a.err != nil:
		d.finish(m.p, r, task.Outcome{Kind: task.Lost, Error: m.a.err.Error()}, now)
	case m.a.outcome != nil:
		d.finish(m.p, r, outcome(m.a.outcome.Status == proactor.StatusFailed, m.a.outcome.Retry, m.a.outcome.Result), now)
	case e.Success: // received; the outcome follows
	case e.Is(proactor.TaskRefused):
		d.refused(m.p, r, e, now)
	case e.Is(proactor.SlaveBusy):
		d.busy(m.p, now)
		d.finish(m.p, r, task.Outcome{Kind: task.Released, Error: "the worker had no free slot"}, now)
	case e.Is(proactor.ShuttingDown):
		m.p.draining = true
		d.finish(m.p, r, task.Outcome{Kind: task.Released, Error: "the worker is shutting down"}, now)
	case e.Is(proactor.BadBody), e.Is(proactor.BodyTooLarge):
		d.finish(m.p, r, failure(fmt.Sprintf("the worker cannot read the task: %s", e.Message)), now)
	default:
		d.reconnect(m.p)
		d.finish(m.p, r, task.Outcome{Kind: task.Released, RetryAfter: busyRest, Error: orEnvelope(nil, e).Error()}, now)
	}
}

// finish ends an attempt and gives its slot back.
func (d *Dispatcher) finish(p *peer, r *run, o task.Outcome, now time.Time) {
	if r.cancelled && o.Kind != task.Succeeded {
		o = task.Outcome{Kind: task.CancelledByUser, Error: r.why, Result: o.Result}
	}
	if !r.stopping {
		d.end(r.lease, o, now)
	}
	d.release(p, r)
}

// outcome reads what a worker says of a task's end.
func outcome(failed, retry bool, result json.RawMessage) task.Outcome {
	switch {
	case !failed:
		return task.Outcome{Kind: task.Succeeded, Result: result}
	case retry:
		return task.Outcome{Kind: task.FailedRetry, Result: result, Error: words(result), RetryAfter: retryAfter(result)}
	}
	return task.Outcome{Kind: task.FailedFinal, Result: result, Error: words(result)}
}

// failure is a final failure of our own making, in the shape of a worker's.
func failure(why string) task.Outcome {
	result, _ := json.Marshal(map[string]string{"message": why}) // a map of strings always marshals
	return task.Outcome{Kind: task.FailedFinal, Result: result, Error: why}
}

// words finds the words in a failure's result, for history and reasons.
func words(result json.RawMessage) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(result, &said) == nil {
		return said.Message
	}
	return ""
}

// busy leaves a worker alone for a moment.
func (d *Dispatcher) busy(p *peer, now time.Time) {
	p.rest = now.Add(busyRest)
	d.timers.add(timer{at: p.rest, who: p.who})
	d.replace(p)
}

// refused notes a refusal. The others are asked first; when all have refused,
// the task waits for as long as the last one said.
func (d *Dispatcher) refused(p *peer, r *run, e proactor.Envelope, now time.Time) {
	by := p.pool.refused[r.lease.Task]
	if by == nil {
		by = map[who]bool{}
		p.pool.refused[r.lease.Task] = by
	}
	by[p.who] = true
	for id, other := range p.pool.members {
		if other.connected && !other.draining && !by[id] {
			d.finish(p, r, task.Outcome{Kind: task.Released, Error: "refused by " + p.who.String()}, now)
			return
		}
	}
	wait := retryAfter(e.Data)
	if wait == 0 {
		wait = refusedRest
	}
	d.finish(p, r, task.Outcome{Kind: task.Refused, RetryAfter: wait, Error: e.Message}, now)
}

// reconnect begins a new session with a worker that no longer knows ours.
func (d *Dispatcher) reconnect(p *peer) {
	if !p.connected {
		return
	}
	p.connected = false
	d.replace(p)
	d.goes(func() { d.connect(p) })
}

// ErrBadTask says that a result names no task at all.
var ErrBadTask = errors.New("the result names no task")

// Result takes what a worker reports of a task. It returns when that is kept.
// A result that comes late, twice, or for an attempt that is no longer the
// current one changes nothing and is no error. Errors: ErrBadTask, ErrClosed,
// task.ErrUnknown for a token without a session, or that it could not be kept.
func (d *Dispatcher) Result(ctx context.Context, token string, failed bool, body proactor.ResultBody) error {
	found, ok := d.sessions.Load(token)
	if !ok {
		return task.ErrUnknown
	}
	id, err := uuid.Parse(body.Task.ID)
	if err != nil {
		return ErrBadTask
	}
	from := found.(*session).who
	_, err = ask(ctx, d, func(m *ask1[struct{}], now time.Time) {
		d.reported(from, id, body.Task.Attempt, outcome(failed, body.Retry, body.Result), now)
		m.answer(d, struct{}{}, nil)
	})
	return err
}

func (d *Dispatcher) reported(from who, id uuid.UUID, attempt int, o task.Outcome, now time.Time) {
	p := d.peers[from]
	if p == nil {
		return
	}
	r := p.running[id]
	if r == nil || (attempt != 0 && attempt != r.lease.Attempt) {
		d.log.Debug("a superseded result changes nothing", "task", id, "attempt", attempt, "worker", from)
		return
	}
	d.finish(p, r, o, now)
}

// cancelRunning asks the worker of a running task to stop it.
func (d *Dispatcher) cancelRunning(t task.Task, why string, now time.Time) task.Task {
	l, _ := t.Lease()
	p := d.peers[who{l.GUID, l.Incarnation}]
	if p == nil || p.running[t.ID] == nil {
		return t
	}
	r := p.running[t.ID]
	r.cancelled, r.why = true, why
	d.stopTask(p, r, now)
	t.Reason = "is asked to stop"
	return t
}

// stopTask tells the worker with its next heartbeat, and sets the time by
// which the task must have gone.
func (d *Dispatcher) stopTask(p *peer, r *run, now time.Time) {
	answer := proactor.HeartbeatAnswer{Cancel: []string{r.lease.Task.String()}}
	if before := p.session.answer.Load(); before != nil {
		answer.Cancel = append(answer.Cancel, before.Cancel...)
	}
	p.session.answer.Store(&answer)
	d.timers.add(timer{at: now.Add(p.Span + stopGrace), who: p.who, task: r.lease.Task, attempt: r.lease.Attempt, grace: true})
}

// timeUp is what happens when a timer rings.
func (d *Dispatcher) timeUp(t timer, now time.Time) {
	p := d.peers[t.who]
	if p == nil {
		return
	}
	if t.task == uuid.Nil {
		p.rest = time.Time{}
		d.replace(p)
		return
	}
	r := p.running[t.task]
	if r == nil || r.lease.Attempt != t.attempt {
		return
	}
	if t.grace {
		p.culprit = t.task
		d.o.Verdicts.Stuck(p.guid, p.incarnation, fmt.Sprintf("task %s does not stop", t.task))
		return
	}
	d.attemptOver(p, r, now)
}

// attemptOver ends an attempt by the clock. The worker keeps the slot until it
// has stopped the task.
func (d *Dispatcher) attemptOver(p *peer, r *run, now time.Time) {
	kind := task.TimedOut
	if t, ok := d.o.Queue.Get(r.lease.Task); ok && !t.Deadline.IsZero() && !t.Deadline.After(now) {
		kind = task.DeadlinePassed
	}
	d.end(r.lease, task.Outcome{Kind: kind, Error: fmt.Sprintf("after %v", now.Sub(r.began).Round(time.Millisecond))}, now)
	r.stopping = true
	p.stopping++
	d.stopTask(p, r, now)
}
