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

	// once is set where nobody can ask for the same task again: then it is
	// not remembered, which would push others out of memory.
	once bool
}

// taskKey is what makes a repeated request the same.
type taskKey struct {
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

func (t *Task) key() taskKey { return taskKey{keyID(t.ID), t.Attempt} }

// Execution is a task that was taken, from its start to its outcome.
type Execution struct {
	// Task is what was taken; it does not change.
	Task Task

	key      taskKey
	executor *Executor
	owner    any
	slot     int
	next     *Execution // in the list of the crew
	context  taskContext

	decided chan struct{} // closed when taken or refused; nil = it was taken at once
	refused error         // set before decided is closed

	released atomic.Bool // the slot has been given back
	seq      atomic.Uint64
	progress atomic.Pointer[[]byte] // JSON
	mover    mover                  // told of progress at once; nil = heartbeats alone tell; set before decided is closed
	moved    atomic.Int64           // when it was last told, in Unix nanoseconds
	output   atomic.Pointer[output] // nil = it has written nothing

	mu      sync.Mutex // guards what follows
	ended   milestone  // the handler has returned
	done    milestone  // the outcome is there
	outcome Outcome
	then    []waiter
	room    [1]waiter // for the first of them
}

// waiter is who wants to hear of the outcome.
type waiter struct {
	who  any
	tell func(*Execution, Outcome)
}

// mover is a door that can tell progress and output without waiting for a
// heartbeat.
type mover interface {
	move(run *Execution, seq uint64, value []byte)
	// say passes on text that begins behind so many bytes.
	say(run *Execution, at int64, text []byte)
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

// newExecution has w told, where it is set.
func newExecution(e *Executor, owner any, t *Task, key taskKey, w waiter) *Execution {
	run := &Execution{Task: *t, key: key, executor: e, owner: owner}
	run.context.run = run
	run.seq.Store(1)
	if w.tell != nil {
		run.mover, _ = w.who.(mover)
		run.then = append(run.room[:0], w)
	}
	return run
}

// Done is closed when the task has ended. It stays open for ever when the task
// was abandoned.
func (r *Execution) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done.wait()
}

// returned is closed when the handler has returned.
func (r *Execution) returned() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended.wait()
}

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
	r.tell(waiter{who, func(_ *Execution, o Outcome) { f(o) }})
}

func (r *Execution) tell(w waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.done.past {
		if !slices.ContainsFunc(r.then, func(other waiter) bool { return other.who == w.who }) {
			r.then = append(r.then, w)
		}
		return
	}
	release := r.executor.Hold()
	go func(o Outcome) {
		defer release()
		w.tell(r, o)
	}(r.outcome)
}

// settled stores the outcome and returns who waits for it.
func (r *Execution) settled(o Outcome) []waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome = o
	then := r.then
	r.then = nil
	r.done.happen()
	return then
}

// do runs the task, in a goroutine of the crew. All that follows the handler is deferred,
// so that it happens as well after a panic and after runtime.Goexit (which is
// what the testing package's FailNow calls).
func (r *Execution) do() {
	h := r.executor.methods.find(r.Task.Method)
	var result json.RawMessage
	err := errNoReturn
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			r.executor.log.Error("panic in a handler", "task", r.Task.ID, "method", h.name, "panic", p, "stack", string(debug.Stack()))
		}
		o := r.settle(result, err)
		r.executor.finish(r, o)
		r.context.end(nil)
	}()
	result, err = h.run(&r.context, r.Task.Data)
}

// settle makes the outcome, and says that the handler has returned.
func (r *Execution) settle(result json.RawMessage, err error) Outcome {
	r.mu.Lock()
	r.ended.happen()
	r.mu.Unlock()
	if out := r.output.Load(); out != nil {
		out.close()
	}
	if err == nil {
		return Outcome{Completed: true, Result: result}
	}
	return settle(err, context.Cause(&r.context))
}

var (
	errDeadline = errors.New("the deadline has passed")
	errNoReturn = errors.New("the handler ended its goroutine without returning")
)

// Abandon cancels the run, forgets it, frees its slot and drops its outcome.
func (r *Execution) Abandon(reason error) {
	r.context.end(reason)
	r.executor.drop(r)
}

func (r *Execution) snapshot() proactor.Running {
	s := proactor.Running{ID: r.Task.ID, Attempt: r.Task.Attempt, Seq: r.seq.Load()}
	if p := r.progress.Load(); p != nil {
		s.Progress = *p
	}
	if out := r.output.Load(); out != nil {
		s.Output = out.newest()
	}
	return s
}
