package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/proactor"
)

// Pauses after which a worker or a task is tried again.
const (
	turnedRest  = 100 * time.Millisecond // a worker took no task; doubles while that goes on
	turnedMost  = 5 * time.Second
	refusedRest = time.Second // every worker refused and none said for how long
	unkeptRest  = time.Second // the queue could not be committed
)

type postedMessage struct {
	p *peer
	r *run
	a posted
}

// apply takes a worker's answer to POST /task/new.
func (m postedMessage) apply(d *Dispatcher, now time.Time) {
	p, r, e := m.p, m.r, m.a.envelope
	if d.peers[p.who] != p || p.running[r.lease.Task] != r {
		return
	}
	r.seen = now
	switch {
	case m.a.unkept != nil:
		d.finish(p, r, task.Outcome{Kind: task.Released, RetryAfter: unkeptRest, Error: m.a.unkept.Error()}, now)
	case m.a.err != nil:
		d.finish(p, r, task.Outcome{Kind: task.Lost, Error: m.a.err.Error()}, now)
	case m.a.outcome != nil:
		p.turns = 0
		d.finish(p, r, outcome(m.a.outcome.Status == proactor.StatusFailed, m.a.outcome.Retry, m.a.outcome.Result), now)
	case e.Success: // received; the outcome follows
		p.turns = 0
	default:
		d.turnedAway(p, r, e, now)
	}
}

// turnedAway is what follows when a worker does not take a task.
func (d *Dispatcher) turnedAway(p *peer, r *run, e proactor.Envelope, now time.Time) {
	o := task.Outcome{Kind: task.Released, Error: e.Message}
	switch {
	case e.Is(proactor.TaskRefused):
		o = d.refused(p, r, e, now)
	case e.Is(proactor.SlaveBusy): // although we think that a slot is free
		p.turns++
		d.rest(p, now)
	case e.Is(proactor.ShuttingDown):
		p.leaving = true
		d.withdraw(p)
	case e.Is(proactor.WrongToken), e.Is(proactor.NotConnected):
		d.reconnect(p)
	case e.Is(proactor.BadBody), e.Is(proactor.BodyTooLarge):
		o = failure("the worker cannot read the task: " + e.Message)
	default: // what the worker has done is not known: it must not go round for ever
		o = task.Outcome{Kind: task.Lost, Error: orEnvelope(nil, e).Error()}
	}
	d.finish(p, r, o, now)
}

// finish ends an attempt and gives its slot back.
func (d *Dispatcher) finish(p *peer, r *run, o task.Outcome, now time.Time) {
	d.conclude(r, o, now)
	if o.Kind != task.Released && o.Kind != task.Refused {
		p.ended++
		if p.ended == p.Recycle {
			d.o.Observer.WorkerMeasured(p.guid, p.incarnation, p.ended, 0)
		}
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

// rest leaves a worker alone for a moment, longer with every turn in a row in
// which it took nothing.
func (d *Dispatcher) rest(p *peer, now time.Time) {
	p.resting = true
	d.timers.Set(&p.timer, now.Add(min(turnedRest<<min(p.turns-1, 10), turnedMost)))
	d.replace(p)
}

// refused notes a refusal. The others are asked first; when all have refused,
// the task waits for as long as the last one said. A worker that refuses one
// task after the other is not asked without pause.
func (d *Dispatcher) refused(p *peer, r *run, e proactor.Envelope, now time.Time) task.Outcome {
	if p.turns++; p.turns > 1 {
		d.rest(p, now)
	}
	by := p.pool.refused[r.lease.Task]
	if by == nil {
		by = map[who]bool{}
		p.pool.refused[r.lease.Task] = by
	}
	by[p.who] = true
	for id, other := range p.pool.members {
		if other.connected && !other.draining && !other.leaving && !by[id] {
			return task.Outcome{Kind: task.Released, Error: "refused by " + p.who.String()}
		}
	}
	wait := retryAfter(e.Data)
	if wait == 0 {
		wait = refusedRest
	}
	return task.Outcome{Kind: task.Refused, RetryAfter: wait, Error: e.Message}
}

// reconnect begins a new session with a worker that no longer knows ours.
func (d *Dispatcher) reconnect(p *peer) {
	if !p.connected {
		return
	}
	p.connected = false
	d.replace(p)
	p.unlink()
	d.link(p, nil)
}

// ErrBadTask says that a result names no task at all.
var ErrBadTask = errors.New("the result names no task")

// RecordResult takes what a worker reports of a task. It returns when that is kept.
// A result that comes late, twice, or for an attempt that is no longer the
// current one changes nothing and is no error. Errors: ErrBadTask, ErrClosed,
// task.ErrUnknown for a token without a session, or that it could not be kept.
func (d *Dispatcher) RecordResult(ctx context.Context, token string, failed bool, body proactor.ResultBody) error {
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
		m.answerKept(d, struct{}{}, nil)
	})
	return err
}

func (d *Dispatcher) reported(from who, id uuid.UUID, attempt int, o task.Outcome, now time.Time) {
	p := d.peers[from]
	if p == nil {
		return
	}
	r := p.running[id]
	if r == nil || !r.is(attempt) {
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
	if !r.cancelled {
		r.cancelled, r.why = true, why
		d.stopTask(p, r, now)
	}
	t.Reason = "is asked to stop"
	return t
}

// stopTask tells the worker with its next heartbeat. The task must have gone a
// grace after that.
func (d *Dispatcher) stopTask(p *peer, r *run, now time.Time) {
	if r.asked.IsZero() {
		r.asked = now
		p.tellCancel()
	}
	at := d.stopBy(p, r)
	if !r.stopping && !r.ends.IsZero() && r.ends.Before(at) {
		at = r.ends
	}
	d.timers.Set(&r.timer, at)
}

func (d *Dispatcher) stopBy(p *peer, r *run) time.Time {
	return r.asked.Add(p.Span + d.o.StopGrace)
}

// timeUp is what happens when a timer rings.
func (d *Dispatcher) timeUp(t timerTarget, now time.Time) {
	p, r := t.peer, t.run
	switch {
	case r == nil:
		p.resting = false
		d.replace(p)
	case !r.asked.IsZero() && !now.Before(d.stopBy(p, r)):
		d.stuck(p, r)
	default:
		d.attemptOver(p, r, now)
	}
}

// stuck has a worker ended for one of its tasks.
func (d *Dispatcher) stuck(p *peer, r *run) {
	p.culprit, p.leaving = r.lease.Task, true
	d.withdraw(p)
	d.o.Observer.WorkerStuck(p.guid, p.incarnation, fmt.Sprintf("task %s does not stop", r.lease.Task))
}

// clockKind tells which of the two clocks of an attempt ended it.
func (d *Dispatcher) clockKind(r *run, now time.Time) task.Kind {
	if t, ok := d.o.Queue.Get(r.lease.Task); ok && !t.Deadline.IsZero() && !t.Deadline.After(now) {
		return task.DeadlinePassed
	}
	return task.TimedOut
}

// attemptOver ends an attempt by the clock.
func (d *Dispatcher) attemptOver(p *peer, r *run, now time.Time) {
	d.giveUp(p, r, task.Outcome{Kind: d.clockKind(r, now), Error: fmt.Sprintf("after %v", now.Sub(r.began).Round(time.Millisecond))}, now)
}

// giveUp ends an attempt that still runs. The worker keeps the slot until it
// has stopped the task.
func (d *Dispatcher) giveUp(p *peer, r *run, o task.Outcome, now time.Time) {
	d.conclude(r, o, now)
	r.stopping = true
	p.stopping++
	d.stopTask(p, r, now)
}
