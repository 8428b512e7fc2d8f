package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"initiator/proactor"
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

	// once is set where nobody can ask for the same task again: then it is
	// not remembered, which would push others out of memory.
	once bool
}

// taskKey is what makes a repeated request the same.
type taskKey struct {
	id      string
	attempt int
}

func (t Task) key() taskKey { return taskKey{t.ID, t.Attempt} }

// Execution is a task that was taken, from its start to its outcome.
type Execution struct {
	// Task is what was taken; it does not change.
	Task Task

	executor *Executor
	owner    any
	slot     int

	decided chan struct{} // closed when taken or refused
	refused error         // set before decided is closed

	cancel   context.CancelCauseFunc // set before decided is closed
	released atomic.Bool             // the slot has been given back
	seq      atomic.Uint64
	progress atomic.Pointer[[]byte] // JSON
	mover    mover                  // told of progress at once; nil = heartbeats alone tell; set before decided is closed
	moved    atomic.Int64           // when it was last told, in Unix nanoseconds

	ended chan struct{} // closed when the handler has returned
	done  chan struct{} // closed when the outcome is there

	mu      sync.Mutex // guards outcome and then until done is closed
	outcome Outcome
	then    []waiter
}

// waiter is who wants to hear of the outcome.
type waiter struct {
	who  any
	tell func(Outcome)
}

// mover is a door that can tell progress without waiting for a heartbeat.
type mover interface {
	move(run *Execution, seq uint64, value []byte)
}

// moveSpan is how often a task tells its progress at most: a handler may say
// it as often as it likes, and the last value goes with the next heartbeat.
const moveSpan = 100 * time.Millisecond

// tellProgress tells the door, unless it was told a moment ago.
func (r *Execution) tellProgress(seq uint64, value []byte) {
	now, before := time.Now().UnixNano(), r.moved.Load()
	if r.mover != nil && now-before >= int64(moveSpan) && r.moved.CompareAndSwap(before, now) {
		r.mover.move(r, seq, value)
	}
}

func newExecution(e *Executor, owner any, slot int, t Task) *Execution {
	run := &Execution{
		Task: t, executor: e, owner: owner, slot: slot,
		decided: make(chan struct{}), ended: make(chan struct{}), done: make(chan struct{}),
	}
	run.seq.Store(1)
	return run
}

// Done is closed when the task has ended. It stays open for ever when the task
// was abandoned.
func (r *Execution) Done() <-chan struct{} { return r.done }

// Outcome is how the task ended; to be asked when Done is closed.
func (r *Execution) Outcome() Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcome
}

// Then calls f with the outcome, once, in a goroutine that a drain waits for;
// also when the task has long ended, and not at all when it was abandoned.
// Whoever already waits is not added again.
func (r *Execution) Then(who any, f func(Outcome)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.done:
	default:
		if !slices.ContainsFunc(r.then, func(w waiter) bool { return w.who == who }) {
			r.then = append(r.then, waiter{who, f})
		}
		return
	}
	release := r.executor.Hold()
	go func(o Outcome) {
		defer release()
		f(o)
	}(r.outcome)
}

// settled stores the outcome and returns who waits for it.
func (r *Execution) settled(o Outcome) []waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome = o
	then := r.then
	r.then = nil
	close(r.done)
	return then
}

// do is the goroutine of the task. All that follows the handler is deferred,
// so that it happens as well after a panic and after runtime.Goexit (which is
// what the testing package's FailNow calls).
func (r *Execution) do(ctx context.Context, h Handler) {
	defer r.cancel(nil)
	if !r.Task.Deadline.IsZero() {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadlineCause(ctx, r.Task.Deadline, errDeadline)
		defer stop()
	}
	var result json.RawMessage
	err := errNoReturn
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			r.executor.log.Error("panic in a handler", "task", r.Task.ID, "method", h.name, "panic", p, "stack", string(debug.Stack()))
		}
		close(r.ended)
		r.executor.finish(r, settle(result, err, context.Cause(ctx)))
	}()
	result, err = h.run(ctx, r.Task.Data)
}

var (
	errDeadline = errors.New("the deadline has passed")
	errNoReturn = errors.New("the handler ended its goroutine without returning")
)

// Abandon cancels the run, forgets it, frees its slot and drops its outcome.
func (r *Execution) Abandon(reason error) {
	r.cancel(reason)
	r.executor.drop(r)
}

func (r *Execution) snapshot() proactor.Running {
	s := proactor.Running{ID: r.Task.ID, Attempt: r.Task.Attempt, Seq: r.seq.Load()}
	if p := r.progress.Load(); p != nil {
		s.Progress = *p
	}
	return s
}
