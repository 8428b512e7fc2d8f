package worker

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"initiator/internal/webhook"
)

// Task is one attempt at a unit of work, as a worker sees it.
type Task struct {
	ID     string
	Method string // "" = the default method
	// Attempt counts from 1; it is 0 when the master does not count attempts.
	Attempt int
	// Deadline ends the task's context; the zero time means no deadline.
	Deadline time.Time
	// Traceparent is a W3C trace context; "" means none.
	Traceparent string
	Data        json.RawMessage

	// unrepeatable is set when no client can send the same task again. Such a
	// task is not remembered, because it would displace tasks that can be sent
	// again.
	unrepeatable bool
}

// attemptKey identifies an attempt. Two requests with the same key are one
// task.
type attemptKey struct {
	id      uuid.UUID
	attempt int
}

// keyID returns the id of a task as it stands in a key. The initiator's ids
// are UUIDs. Any other id is hashed; two ids do not share a hash in practice.
func keyID(id string) uuid.UUID {
	if len(id) == 36 {
		if u, err := uuid.Parse(id); err == nil {
			return u
		}
	}
	sum := sha256.Sum256([]byte(id))
	return uuid.UUID(sum[:16])
}

func (t *Task) makeKey() attemptKey { return attemptKey{keyID(t.ID), t.Attempt} }

// execution is a started task, from its start to its outcome.
type execution struct {
	// Task is the started task; it does not change.
	Task Task

	key      attemptKey
	executor *executor
	owner    any
	slot     int
	next     *execution // in the queue of the pool
	context  taskContext

	decided chan struct{} // closed when BeforeTask has decided; nil = there is no hook
	refused error         // the error of BeforeTask; set before decided is closed

	released      atomic.Bool // the slot is free again
	seq           atomic.Uint64
	progress      atomic.Pointer[[]byte]     // JSON
	live          liveReporter               // gets progress and output at once; nil = heartbeats carry them; set before decided is closed
	progressFault atomic.Bool                // a progress value was not sent, and that is logged
	outputFault   atomic.Bool                // output was lost, and that is logged
	lastProgress  atomic.Int64               // when progress was last sent at once, in Unix nanoseconds
	output        atomic.Pointer[taskOutput] // nil = the task has written no output

	mu         sync.Mutex // guards the fields below
	returned   onceEvent  // the handler has returned
	done       onceEvent  // the outcome is stored
	outcome    taskOutcome
	waiters    []waiter
	waiterRoom [1]waiter // room for the first waiter without an allocation
}

// waiter is notified of the outcome.
type waiter struct {
	receiver any
	notify   func(*execution, taskOutcome)
}

// liveReporter sends progress and output at once, without waiting for a
// heartbeat.
type liveReporter interface {
	reportProgress(run *execution, seq uint64, value []byte)
	// reportOutput sends text that begins at that offset of the task's output,
	// in bytes.
	reportOutput(run *execution, at int64, text []byte)
}

// liveInterval is the shortest time between two reports of progress. A handler
// may report more often; the next heartbeat carries the last value.
const liveInterval = 100 * time.Millisecond

// sendProgressNow sends progress at once, unless the last report is more
// recent than liveInterval.
func (r *execution) sendProgressNow(seq uint64, value []byte) {
	now, before := time.Now().UnixNano(), r.lastProgress.Load()
	if r.live != nil && now-before >= int64(liveInterval) && r.lastProgress.CompareAndSwap(before, now) {
		r.live.reportProgress(r, seq, value)
	}
}

// newExecution makes an execution. It registers w, unless w is zero.
func newExecution(e *executor, owner any, t *Task, key attemptKey, w waiter) *execution {
	run := &execution{Task: *t, key: key, executor: e, owner: owner}
	run.context.run = run
	run.seq.Store(1)
	if w.notify != nil {
		run.live, _ = w.receiver.(liveReporter)
		run.waiters = append(run.waiterRoom[:0], w)
	}
	return run
}

// doneChannel returns a channel that is closed when the task has ended. The
// channel of an abandoned task is never closed.
func (r *execution) doneChannel() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done.channel()
}

// returnedChannel returns a channel that is closed when the handler has
// returned.
func (r *execution) returnedChannel() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.returned.channel()
}

// finalOutcome returns how the task ended. Call it only after the channel of
// doneChannel is closed.
func (r *execution) finalOutcome() taskOutcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome
}

// notifyWhenDone calls f once with the outcome, in a goroutine for which a
// drain waits, even when the task ended before the call. It does not call f
// for an abandoned task. A second waiter with the same receiver is ignored.
func (r *execution) notifyWhenDone(receiver any, f func(taskOutcome)) {
	r.addWaiter(waiter{receiver, func(_ *execution, o taskOutcome) { f(o) }})
}

func (r *execution) addWaiter(w waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.done.happened {
		if !slices.ContainsFunc(r.waiters, func(other waiter) bool { return other.receiver == w.receiver }) {
			r.waiters = append(r.waiters, w)
		}
		return
	}
	release := r.executor.holdDrain()
	go func(o taskOutcome) {
		defer release()
		w.notify(r, o)
	}(r.outcome)
}

// storeOutcome stores the outcome and returns the waiters to notify.
func (r *execution) storeOutcome(o taskOutcome) []waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome = o
	then := r.waiters
	r.waiters = nil
	r.done.markHappened()
	return then
}

// runHandler runs the task in a goroutine of the pool. Everything after the
// handler is deferred, so that it also happens after a panic and after
// runtime.Goexit (which FailNow of package testing calls).
func (r *execution) runHandler() {
	h := r.executor.methods.findHandler(r.Task.Method)
	var result json.RawMessage
	err := errNoReturn
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			r.executor.log.Error("panic in a handler", "task", r.Task.ID, "method", h.name, "panic", p, "stack", string(debug.Stack()))
		}
		o := r.makeOutcome(result, err)
		r.executor.finishRun(r, o)
		r.context.endContext(nil)
	}()
	result, err = h.run(&r.context, r.Task.Data)
}

// makeOutcome marks the handler as returned and makes the outcome.
func (r *execution) makeOutcome(result json.RawMessage, err error) taskOutcome {
	r.mu.Lock()
	r.returned.markHappened()
	r.mu.Unlock()
	if out := r.output.Load(); out != nil {
		out.closeOutput()
	}
	r.executor.recorder.setError(err)
	if err == nil {
		return taskOutcome{Completed: true, Result: result}
	}
	return r.failureOutcome(err)
}

// failureOutcome makes the outcome of a failed run, for a master or for a
// caller without one.
func (r *execution) failureOutcome(err error) (o taskOutcome) {
	defer func() {
		if p := recover(); p != nil { // in a method of the error
			o = taskOutcome{Result: messageJSON(fmt.Sprintf("the error of the handler cannot be read: panic: %v", p))}
		}
	}()
	cause := context.Cause(&r.context)
	if r.Task.unrepeatable {
		return callerOutcome(err, cause)
	}
	o = failureOutcome(err, cause)
	stopped := errors.Is(cause, ErrStopping) || errors.Is(err, ErrStopping) && r.executor.isStopping()
	o.Stopped = o.Retry && stopped && !o.Snoozed
	return o
}

var (
	errDeadline = errors.New("the task's time is over (timeout or deadline)")
	errNoReturn = errors.New("the handler ended its goroutine without returning")
)

// abandonRun cancels the run, forgets it, frees its slot and drops its
// outcome.
func (r *execution) abandonRun(reason error) {
	r.context.endContext(reason)
	r.executor.forgetRun(r)
}

func (r *execution) runningSnapshot() webhook.RunningTask {
	s := webhook.RunningTask{ID: r.Task.ID, Attempt: r.Task.Attempt, Seq: r.seq.Load()}
	if p := r.progress.Load(); p != nil {
		s.Progress = *p
	}
	if out := r.output.Load(); out != nil {
		s.Output = out.heartbeatOutput()
	}
	return s
}
