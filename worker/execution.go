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

	"initiator/proactor"

	"github.com/google/uuid"
)

// Task is one attempt at a unit of work, as a worker sees it.
type Task struct {
	ID     string
	Method string // "" = the default one
	// Attempt counts from 1; 0 comes from a master that does not count.
	Attempt int
	// Deadline ends the task's context; zero = none.
	Deadline time.Time
	// Traceparent is a W3C trace context, "" = none.
	Traceparent string
	Data        json.RawMessage

	// unrepeatable is set where nobody can ask for the same task again: then it is
	// not remembered, which would push others out of memory.
	unrepeatable bool
}

// attemptKey is what makes a repeated request the same.
type attemptKey struct {
	id      uuid.UUID
	attempt int
}

// keyID is an id as it stands in a key. Ours are UUIDs; of any other words it
// is a hash, which no two of them share in practice.
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

// execution is a task that was taken, from its start to its outcome.
type execution struct {
	// Task is what was taken; it does not change.
	Task Task

	key      attemptKey
	executor *executor
	owner    any
	slot     int
	next     *execution // in the list of the crew
	context  taskContext

	decided chan struct{} // closed when taken or refused; nil = it was taken at once
	refused error         // set before decided is closed

	released     atomic.Bool // the slot has been given back
	seq          atomic.Uint64
	progress     atomic.Pointer[[]byte]     // JSON
	live         liveReporter               // told of progress at once; nil = heartbeats alone tell; set before decided is closed
	lastProgress atomic.Int64               // when it was last told, in Unix nanoseconds
	output       atomic.Pointer[taskOutput] // nil = it has written nothing

	mu         sync.Mutex // guards what follows
	returned   onceEvent  // the handler has returned
	done       onceEvent  // the outcome is there
	outcome    taskOutcome
	waiters    []waiter
	waiterRoom [1]waiter // for the first of them
}

// waiter is who wants to hear of the outcome.
type waiter struct {
	receiver any
	notify   func(*execution, taskOutcome)
}

// liveReporter is a door that can tell progress and output without waiting for a
// heartbeat.
type liveReporter interface {
	reportProgress(run *execution, seq uint64, value []byte)
	// reportOutput passes on text that begins behind so many bytes.
	reportOutput(run *execution, at int64, text []byte)
}

// liveInterval is how often a task tells its progress at most: a handler may say
// it as often as it likes, and the last value goes with the next heartbeat.
const liveInterval = 100 * time.Millisecond

// sendProgressNow tells the door, unless it was told a moment ago.
func (r *execution) sendProgressNow(seq uint64, value []byte) {
	now, before := time.Now().UnixNano(), r.lastProgress.Load()
	if r.live != nil && now-before >= int64(liveInterval) && r.lastProgress.CompareAndSwap(before, now) {
		r.live.reportProgress(r, seq, value)
	}
}

// newExecution has w told, where it is set.
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

// doneChannel is closed when the task has ended. It stays open for ever when the task
// was abandoned.
func (r *execution) doneChannel() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done.channel()
}

// returnedChannel is closed when the handler has returned.
func (r *execution) returnedChannel() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.returned.channel()
}

// finalOutcome is how the task ended; to be asked when Done is closed.
func (r *execution) finalOutcome() taskOutcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome
}

// notifyWhenDone calls f with the outcome, once, in a goroutine that a drain waits for;
// also when the task has long ended, and not at all when it was abandoned.
// Whoever already waits is not added again.
func (r *execution) notifyWhenDone(who any, f func(taskOutcome)) {
	r.addWaiter(waiter{who, func(_ *execution, o taskOutcome) { f(o) }})
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

// storeOutcome stores the outcome and returns who waits for it.
func (r *execution) storeOutcome(o taskOutcome) []waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome = o
	then := r.waiters
	r.waiters = nil
	r.done.markHappened()
	return then
}

// runHandler runs the task, in a goroutine of the crew. All that follows the handler is deferred,
// so that it happens as well after a panic and after runtime.Goexit (which is
// what the testing package's FailNow calls).
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

// makeOutcome makes the outcome, and says that the handler has returned.
func (r *execution) makeOutcome(result json.RawMessage, err error) taskOutcome {
	r.mu.Lock()
	r.returned.markHappened()
	r.mu.Unlock()
	if out := r.output.Load(); out != nil {
		out.closeOutput()
	}
	if err == nil {
		return taskOutcome{Completed: true, Result: result}
	}
	return failureOutcome(err, context.Cause(&r.context))
}

var (
	errDeadline = errors.New("the deadline has passed")
	errNoReturn = errors.New("the handler ended its goroutine without returning")
)

// abandonRun cancels the run, forgets it, frees its slot and drops its outcome.
func (r *execution) abandonRun(reason error) {
	r.context.endContext(reason)
	r.executor.forgetRun(r)
}

func (r *execution) runningSnapshot() proactor.Running {
	s := proactor.Running{ID: r.Task.ID, Attempt: r.Task.Attempt, Seq: r.seq.Load()}
	if p := r.progress.Load(); p != nil {
		s.Progress = *p
	}
	if out := r.output.Load(); out != nil {
		s.Output = out.heartbeatOutput()
	}
	return s
}
