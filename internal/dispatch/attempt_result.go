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
	firstBackOff   = 100 * time.Millisecond // a worker took no task; doubles while that goes on
	maxBackOff     = 5 * time.Second
	refusedDelay   = time.Second // every worker refused and none said for how long
	notStoredDelay = time.Second // the queue could not be committed
)

type postedMessage struct {
	p *workerConn
	r *attempt
	a posted
}

// applyMessage takes a worker's answer to POST /task/new.
func (m postedMessage) applyMessage(d *Dispatcher, now time.Time) {
	p, r, e := m.p, m.r, m.a.envelope
	if d.workers[p.workerID] != p || p.running[r.lease.Task] != r {
		return
	}
	r.lastListed = now
	switch {
	case m.a.unkept != nil:
		d.finishAttempt(p, r, task.Outcome{Kind: task.Released, RetryAfter: notStoredDelay, Error: m.a.unkept.Error()}, now)
	case m.a.err != nil:
		d.finishAttempt(p, r, task.Outcome{Kind: task.Lost, Error: m.a.err.Error()}, now)
	case m.a.outcome != nil:
		p.rejections = 0
		d.finishAttempt(p, r, taskOutcome(m.a.outcome.Status == proactor.StatusFailed, m.a.outcome.Retry, m.a.outcome.Result), now)
	case e.Success: // received; the outcome follows
		p.rejections = 0
	default:
		d.handleRefusal(p, r, e, now)
	}
}

// handleRefusal is what follows when a worker does not take a task.
func (d *Dispatcher) handleRefusal(p *workerConn, r *attempt, e proactor.Envelope, now time.Time) {
	o := task.Outcome{Kind: task.Released, Error: e.Message}
	switch {
	case e.Is(proactor.TaskRefused):
		o = d.recordRefusal(p, r, e, now)
	case e.Is(proactor.SlaveBusy): // although we think that a slot is free
		p.rejections++
		d.backOff(p, now)
	case e.Is(proactor.ShuttingDown):
		p.leaving = true
		d.withdrawWorker(p)
	case e.Is(proactor.WrongToken), e.Is(proactor.NotConnected):
		d.reconnectWorker(p)
	case e.Is(proactor.BadBody), e.Is(proactor.BodyTooLarge):
		o = finalFailure("the worker cannot read the task: " + e.Message)
	default: // what the worker has done is not known: it must not go round for ever
		o = task.Outcome{Kind: task.Lost, Error: envelopeError(nil, e).Error()}
	}
	d.finishAttempt(p, r, o, now)
}

// finishAttempt ends an attempt and gives its slot back.
func (d *Dispatcher) finishAttempt(p *workerConn, r *attempt, o task.Outcome, now time.Time) {
	d.endAttempt(r, o, now)
	if o.Kind != task.Released && o.Kind != task.Refused {
		p.endedTasks++
		if p.endedTasks == p.Recycle {
			d.opts.Observer.WorkerMeasured(p.guid, p.incarnation, p.endedTasks, 0)
		}
	}
	d.releaseSlot(p, r)
}

// taskOutcome reads what a worker says of a task's end.
func taskOutcome(failed, retry bool, result json.RawMessage) task.Outcome {
	switch {
	case !failed:
		return task.Outcome{Kind: task.Succeeded, Result: result}
	case retry:
		return task.Outcome{Kind: task.FailedRetry, Result: result, Error: failureMessage(result), RetryAfter: retryAfter(result)}
	}
	return task.Outcome{Kind: task.FailedFinal, Result: result, Error: failureMessage(result)}
}

// finalFailure is a final failure of our own making, in the shape of a worker's.
func finalFailure(why string) task.Outcome {
	result, _ := json.Marshal(map[string]string{"message": why}) // a map of strings always marshals
	return task.Outcome{Kind: task.FailedFinal, Result: result, Error: why}
}

// failureMessage finds the words in a failure's result, for history and reasons.
func failureMessage(result json.RawMessage) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(result, &said) == nil {
		return said.Message
	}
	return ""
}

// backOff leaves a worker alone for a moment, longer with every turn in a row in
// which it took nothing.
func (d *Dispatcher) backOff(p *workerConn, now time.Time) {
	p.backingOff = true
	d.timers.Set(&p.timer, now.Add(min(firstBackOff<<min(p.rejections-1, 10), maxBackOff)))
	d.updateBalancer(p)
}

// recordRefusal notes a refusal. The others are asked first; when all have refused,
// the task waits for as long as the last one said. A worker that refuses one
// task after the other is not asked without pause.
func (d *Dispatcher) recordRefusal(p *workerConn, r *attempt, e proactor.Envelope, now time.Time) task.Outcome {
	if p.rejections++; p.rejections > 1 {
		d.backOff(p, now)
	}
	by := p.pool.refused[r.lease.Task]
	if by == nil {
		by = map[workerID]bool{}
		p.pool.refused[r.lease.Task] = by
	}
	by[p.workerID] = true
	for id, other := range p.pool.members {
		if other.connected && !other.draining && !other.leaving && !by[id] {
			return task.Outcome{Kind: task.Released, Error: "refused by " + p.workerID.String()}
		}
	}
	wait := retryAfter(e.Data)
	if wait == 0 {
		wait = refusedDelay
	}
	return task.Outcome{Kind: task.Refused, RetryAfter: wait, Error: e.Message}
}

// reconnectWorker begins a new session with a worker that no longer knows ours.
func (d *Dispatcher) reconnectWorker(p *workerConn) {
	if !p.connected {
		return
	}
	p.connected = false
	d.updateBalancer(p)
	p.stopServing()
	d.startConnecting(p, nil)
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
	from := found.(*workerSession).workerID
	_, err = askLoop(ctx, d, func(m *loopRequest[struct{}], now time.Time) {
		d.recordOutcome(from, id, body.Task.Attempt, taskOutcome(failed, body.Retry, body.Result), now)
		m.replyWhenStored(d, struct{}{}, nil)
	})
	return err
}

func (d *Dispatcher) recordOutcome(from workerID, id uuid.UUID, attempt int, o task.Outcome, now time.Time) {
	p := d.workers[from]
	if p == nil {
		return
	}
	r := p.running[id]
	if r == nil || !r.matches(attempt) {
		d.log.Debug("a superseded result changes nothing", "task", id, "attempt", attempt, "worker", from)
		return
	}
	d.finishAttempt(p, r, o, now)
}

// cancelRunning asks the worker of a running task to stop it.
func (d *Dispatcher) cancelRunning(t task.Task, why string, now time.Time) task.Task {
	l, _ := t.Lease()
	p := d.workers[workerID{l.GUID, l.Incarnation}]
	if p == nil || p.running[t.ID] == nil {
		return t
	}
	r := p.running[t.ID]
	if !r.cancelled {
		r.cancelled, r.cancelReason = true, why
		d.requestStop(p, r, now)
	}
	t.Reason = "is asked to stop"
	return t
}

// requestStop tells the worker with its next heartbeat. The task must have gone a
// grace after that.
func (d *Dispatcher) requestStop(p *workerConn, r *attempt, now time.Time) {
	if r.stopRequested.IsZero() {
		r.stopRequested = now
		p.sendCancels()
	}
	at := d.stopDeadline(p, r)
	if !r.stopping && !r.deadline.IsZero() && r.deadline.Before(at) {
		at = r.deadline
	}
	d.timers.Set(&r.timer, at)
}

func (d *Dispatcher) stopDeadline(p *workerConn, r *attempt) time.Time {
	return r.stopRequested.Add(p.Span + d.opts.StopGrace)
}

// handleTimer is what happens when a timer rings.
func (d *Dispatcher) handleTimer(t timerTarget, now time.Time) {
	p, r := t.conn, t.attempt
	switch {
	case r == nil:
		p.backingOff = false
		d.updateBalancer(p)
	case !r.stopRequested.IsZero() && !now.Before(d.stopDeadline(p, r)):
		d.reportStuck(p, r)
	default:
		d.endTimedOut(p, r, now)
	}
}

// reportStuck has a worker ended for one of its tasks.
func (d *Dispatcher) reportStuck(p *workerConn, r *attempt) {
	p.crashSuspect, p.leaving = r.lease.Task, true
	d.withdrawWorker(p)
	d.opts.Observer.WorkerStuck(p.guid, p.incarnation, fmt.Sprintf("task %s does not stop", r.lease.Task))
}

// timeoutKind tells which of the two clocks of an attempt ended it.
func (d *Dispatcher) timeoutKind(r *attempt, now time.Time) task.Kind {
	if t, ok := d.opts.Queue.Get(r.lease.Task); ok && !t.Deadline.IsZero() && !t.Deadline.After(now) {
		return task.DeadlinePassed
	}
	return task.TimedOut
}

// endTimedOut ends an attempt by the clock.
func (d *Dispatcher) endTimedOut(p *workerConn, r *attempt, now time.Time) {
	d.abandonAttempt(p, r, task.Outcome{Kind: d.timeoutKind(r, now), Error: fmt.Sprintf("after %v", now.Sub(r.began).Round(time.Millisecond))}, now)
}

// abandonAttempt ends an attempt that still runs. The worker keeps the slot until it
// has stopped the task.
func (d *Dispatcher) abandonAttempt(p *workerConn, r *attempt, o task.Outcome, now time.Time) {
	d.endAttempt(r, o, now)
	r.stopping = true
	p.stopping++
	d.requestStop(p, r, now)
}
