package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"initiator/proactor"

	"github.com/hashicorp/go-hclog"
)

// The reasons for which an [Executor] takes no task, besides an error of
// BeforeTask.
var (
	// ErrBusy: every slot is taken.
	ErrBusy = errors.New("no free slot")
	// ErrQuiet: no new task is taken for now.
	ErrQuiet = errors.New("the master asked for quiet")
	// ErrDraining: no task is taken any more.
	ErrDraining = errors.New("draining")
)

// Executor runs tasks in slots. It knows nothing of HTTP, so that every door
// (webhook, stream, direct call) leads to the same slots. All methods may be
// called from any goroutine.
type Executor struct {
	methods methods
	hooks   Hooks
	log     hclog.Logger

	slots []atomic.Pointer[Execution] // who holds each slot; read by heartbeats without a lock
	quiet atomic.Bool

	// live counts runs, with their reports, that have not settled. When it is
	// 0 and draining is set, the executor is idle.
	live     atomic.Int64
	draining atomic.Bool

	mu       sync.Mutex // guards what follows; never held while a handler or hook runs
	free     []int      // slots that nobody holds
	known    map[taskKey]*Execution
	finished remembered
	crew     crew
	idle     chan struct{} // closed when there is nothing more to wait for
}

func newExecutor(m methods, slots int, hooks Hooks, log hclog.Logger) *Executor {
	e := &Executor{
		methods: m, hooks: hooks, log: log,
		slots: make([]atomic.Pointer[Execution], slots),
		free:  make([]int, 0, slots),
		known: map[taskKey]*Execution{},
		idle:  make(chan struct{}),
	}
	for i := range slots {
		e.free = append(e.free, i)
	}
	return e
}

// Start takes a task, or tells why not: ErrBusy, ErrQuiet, ErrDraining, or the error of
// BeforeTask. A task that it already holds, or remembers as finished, is not
// run again: the Execution that is returned has, or will have, the outcome of
// the first time. The task's context is made of ctx; owner is who can abandon
// it later.
func (e *Executor) Start(ctx context.Context, owner any, t Task) (*Execution, error) {
	return e.start(ctx, owner, &t, t.key(), waiter{})
}

// start is Start with somebody who is told the outcome, as by
// [Execution.Then], when the task is taken. A drain waits for it without a Hold.
func (e *Executor) start(ctx context.Context, owner any, t *Task, key taskKey, w waiter) (*Execution, error) {
	e.mu.Lock()
	run, first, err := e.claim(ctx, owner, t, key, w)
	var who summons
	if first && e.hooks.BeforeTask == nil {
		who = e.begin(run)
	}
	e.mu.Unlock()
	e.call(who)
	switch {
	case err != nil:
		return nil, err
	case !first:
		return e.again(ctx, run, w)
	case e.hooks.BeforeTask != nil:
		return e.consult(ctx, run)
	}
	return run, nil
}

// begin has a task run. The caller holds the mutex, and makes the call.
func (e *Executor) begin(run *Execution) summons {
	e.slots[run.slot].Store(run)
	return e.crew.add(run)
}

// consult asks the hook whether a task is taken.
func (e *Executor) consult(ctx context.Context, run *Execution) (*Execution, error) {
	if err := guard(e.log, "BeforeTask", func() error { return e.hooks.BeforeTask(ctx, run.Task) }); err != nil {
		e.refuse(run, err)
		return nil, err
	}
	e.mu.Lock()
	who := e.begin(run)
	e.mu.Unlock()
	close(run.decided)
	e.call(who)
	return run, nil
}

// again is what a repeated request gets.
func (e *Executor) again(ctx context.Context, run *Execution, w waiter) (*Execution, error) {
	if run.decided != nil {
		select {
		case <-run.decided: // until then the first request's hook is thinking
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if w.tell != nil && run.refused == nil {
		run.tell(w)
	}
	return run, run.refused
}

// claim finds the task, or makes it known and takes a slot for it. The caller
// holds the mutex.
func (e *Executor) claim(ctx context.Context, owner any, t *Task, key taskKey, w waiter) (run *Execution, first bool, err error) {
	if run := e.find(owner, t, key); run != nil {
		return run, false, nil
	}
	switch {
	case e.draining.Load():
		return nil, false, ErrDraining
	case e.quiet.Load():
		return nil, false, ErrQuiet
	case len(e.free) == 0:
		return nil, false, ErrBusy
	}
	run = newExecution(e, owner, t, key, w)
	run.context.parent = ctx
	run.slot = e.free[len(e.free)-1]
	e.free = e.free[:len(e.free)-1]
	if !t.once {
		e.known[key] = run
	}
	e.live.Add(1)
	if e.hooks.BeforeTask != nil {
		run.decided = make(chan struct{})
	}
	return run, true, nil
}

// find returns the run of a task that was given before, nil when it was not.
func (e *Executor) find(owner any, t *Task, key taskKey) *Execution {
	if run := e.known[key]; run != nil {
		return run
	}
	o, ok := e.finished.find(key, time.Now)
	if !ok {
		return nil
	}
	run := newExecution(e, owner, t, key, waiter{})
	run.released.Store(true)
	run.settled(o)
	return run
}

// refuse undoes a claim: the task leaves the table, as if never seen.
func (e *Executor) refuse(run *Execution, err error) {
	run.refused = err
	e.mu.Lock()
	delete(e.known, run.key)
	e.release(run)
	e.mu.Unlock()
	e.leave()
	close(run.decided)
}

// finish frees the slot first and reports only then: a master that hears of
// the end may send the next task at once.
func (e *Executor) finish(run *Execution, o Outcome) {
	if !e.retire(run, o) {
		return // abandoned: somebody else has the slot, nobody wants the result
	}
	for _, waiter := range run.settled(o) {
		waiter.tell(run, o)
	}
	e.leave()
}

// retire gives the slot of a run back and remembers its outcome; false when it
// had been abandoned.
func (e *Executor) retire(run *Execution, o Outcome) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.release(run) {
		return false
	}
	if !run.Task.once {
		delete(e.known, run.key)
		e.finished.add(run.key, o, time.Now())
	}
	return true
}

// release gives a run's slot back; false when that had been done before. The
// caller holds the mutex.
func (e *Executor) release(run *Execution) bool {
	if !run.released.CompareAndSwap(false, true) {
		return false
	}
	e.slots[run.slot].Store(nil)
	e.free = append(e.free, run.slot)
	return true
}

// Hold keeps a drain waiting until the returned function is called. Whoever
// starts a task and wants its outcome holds from before the one until after
// the other, as with [Execution.Then].
func (e *Executor) Hold() (release func()) {
	e.live.Add(1)
	return e.leave
}

func (e *Executor) leave() {
	if e.live.Add(-1) == 0 && e.draining.Load() {
		e.settleIdle()
	}
}

func (e *Executor) settleIdle() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.live.Load() > 0 {
		return
	}
	select {
	case <-e.idle:
	default:
		close(e.idle)
		e.crew.dismiss()
	}
}

// Running lists the tasks that hold a slot. It takes no lock.
func (e *Executor) Running() []proactor.Running {
	list := []proactor.Running{}
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil {
			list = append(list, run.snapshot())
		}
	}
	return list
}

// Quiet refuses new tasks, or takes them again.
func (e *Executor) Quiet(on bool) { e.quiet.Store(on) }

// Drain takes no more tasks. The channel is closed when the last one has ended
// and has been reported.
func (e *Executor) Drain() <-chan struct{} {
	e.draining.Store(true)
	e.settleIdle()
	return e.idle
}
