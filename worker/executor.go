package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// The reasons for which an executor does not start a task, besides an error of
// BeforeTask.
var (
	// errBusy: every slot is taken.
	errBusy = errors.New("no free slot")
	// errQuiet: the master has asked for no new tasks.
	errQuiet = errors.New("the master asked for quiet")
	// errDraining: the worker accepts no more tasks.
	errDraining = errors.New("draining")
)

// executor runs tasks in slots. It knows nothing of HTTP, so that every
// transport (webhook, stream, direct call, chirp) uses the same slots. All
// methods may be called from any goroutine.
type executor struct {
	methods methodTable
	hooks   Hooks
	log     hclog.Logger

	recorder *recorder // keeps what a handler does in a trial; nil = nothing is kept

	slots []atomic.Pointer[execution] // the run in each slot; heartbeats read it without a lock
	quiet atomic.Bool

	// unsettled counts the runs whose outcome is not reported yet, and the
	// holds. When it is 0 and draining is set, the executor has drained.
	unsettled atomic.Int64
	draining  atomic.Bool
	stop      stopState

	mu       sync.Mutex // guards the fields below; never held while a handler or hook runs
	free     []int      // the free slots
	known    map[attemptKey]*execution
	finished finishedTasks
	pool     goroutinePool
	drained  chan struct{} // closed when the executor has drained
}

func newExecutor(m methodTable, slots int, hooks Hooks, log hclog.Logger) *executor {
	e := &executor{
		methods: m, hooks: hooks, log: log,
		slots:   make([]atomic.Pointer[execution], slots),
		free:    make([]int, 0, slots),
		known:   map[attemptKey]*execution{},
		drained: make(chan struct{}),
		stop:    stopState{notice: make(chan struct{})},
	}
	for i := range slots {
		e.free = append(e.free, i)
	}
	return e
}

// startTask starts a task. The error is errBusy, errQuiet, errDraining or the
// error of BeforeTask. A task that the executor already runs, or remembers as
// finished, does not run again: the returned execution has or gets the outcome
// of the first run. The context of the task is a child of ctx. abandonTasks
// takes owner to abandon the task later.
func (e *executor) startTask(ctx context.Context, owner any, t Task) (*execution, error) {
	return e.startAndNotify(ctx, owner, &t, t.makeKey(), waiter{})
}

// startAndNotify is startTask with a waiter that is notified of the outcome,
// as with notifyWhenDone. A drain waits for the notification without
// holdDrain.
func (e *executor) startAndNotify(ctx context.Context, owner any, t *Task, key attemptKey, w waiter) (*execution, error) {
	e.mu.Lock()
	run, first, err := e.claimSlot(ctx, owner, t, key, w)
	var wake wakeUp
	if first && e.hooks.BeforeTask == nil {
		wake = e.beginRun(run)
	}
	e.mu.Unlock()
	e.deliverWake(wake)
	switch {
	case err != nil:
		return nil, err
	case !first:
		return e.joinRun(ctx, run, w)
	case e.hooks.BeforeTask != nil:
		return e.askBeforeTask(ctx, run)
	}
	return run, nil
}

// beginRun queues a run. The caller holds the mutex, and delivers the wake-up
// after it has unlocked.
func (e *executor) beginRun(run *execution) wakeUp {
	e.slots[run.slot].Store(run)
	e.endLateContext(run)
	return e.pool.addRun(run)
}

// askBeforeTask calls the hook BeforeTask and starts or refuses the task.
func (e *executor) askBeforeTask(ctx context.Context, run *execution) (*execution, error) {
	if err := recoverPanic(e.log, "BeforeTask", func() error { return e.hooks.BeforeTask(ctx, run.Task) }); err != nil {
		e.undoClaim(run, err)
		return nil, err
	}
	e.mu.Lock()
	wake := e.beginRun(run)
	e.mu.Unlock()
	close(run.decided)
	e.deliverWake(wake)
	return run, nil
}

// joinRun answers a repeated request with the run of the first request.
func (e *executor) joinRun(ctx context.Context, run *execution, w waiter) (*execution, error) {
	if run.decided != nil {
		select {
		case <-run.decided: // closed when the hook has decided on the first request
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if w.notify != nil && run.refused == nil {
		run.addWaiter(w)
	}
	return run, run.refused
}

// claimSlot finds the run of a task, or registers a new run and takes a slot
// for it. The caller holds the mutex.
func (e *executor) claimSlot(ctx context.Context, owner any, t *Task, key attemptKey, w waiter) (run *execution, first bool, err error) {
	if run := e.findRun(owner, t, key); run != nil {
		return run, false, nil
	}
	switch {
	case e.draining.Load():
		return nil, false, errDraining
	case e.quiet.Load():
		return nil, false, errQuiet
	case len(e.free) == 0:
		return nil, false, errBusy
	}
	run = newExecution(e, owner, t, key, w)
	run.context.parent = ctx
	run.slot = e.free[len(e.free)-1]
	e.free = e.free[:len(e.free)-1]
	if !t.unrepeatable {
		e.known[key] = run
	}
	e.unsettled.Add(1)
	if e.hooks.BeforeTask != nil {
		run.decided = make(chan struct{})
	}
	return run, true, nil
}

// findRun returns the run of a task that was given before, or nil.
func (e *executor) findRun(owner any, t *Task, key attemptKey) *execution {
	if run := e.known[key]; run != nil {
		return run
	}
	o, ok := e.finished.findOutcome(key, time.Now)
	if !ok {
		return nil
	}
	run := newExecution(e, owner, t, key, waiter{})
	run.released.Store(true)
	run.storeOutcome(o)
	return run
}

// undoClaim removes a refused task and frees its slot.
func (e *executor) undoClaim(run *execution, err error) {
	run.refused = err
	e.mu.Lock()
	delete(e.known, run.key)
	e.releaseSlot(run)
	e.mu.Unlock()
	e.releaseHold()
	close(run.decided)
}

// finishRun frees the slot before it reports the outcome: a master may send
// the next task as soon as it knows the outcome. The outcome of a task whose
// session has ended is dropped: the handler may have failed only because its
// context ended with the session, and the stream may still carry the outcome to
// a master that has merely been stopped for a while.
func (e *executor) finishRun(run *execution, o taskOutcome) {
	if run.context.parent.Err() != nil {
		e.forgetRun(run)
		return
	}
	if !e.retireRun(run, o) {
		return // abandoned: the slot is taken again, and the outcome is not wanted
	}
	for _, waiter := range run.storeOutcome(o) {
		waiter.notify(run, o)
	}
	e.releaseHold()
}

// retireRun frees the slot of a run and remembers its outcome. It returns
// false when the run was abandoned.
func (e *executor) retireRun(run *execution, o taskOutcome) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.releaseSlot(run) {
		return false
	}
	if !run.Task.unrepeatable {
		delete(e.known, run.key)
		e.finished.addTask(run.key, o, time.Now())
	}
	return true
}

// releaseSlot frees the slot of a run. It returns false when the slot was
// freed before. The caller holds the mutex.
func (e *executor) releaseSlot(run *execution) bool {
	if !run.released.CompareAndSwap(false, true) {
		return false
	}
	e.slots[run.slot].Store(nil)
	e.free = append(e.free, run.slot)
	return true
}

// holdDrain makes a drain wait until the returned function is called. A caller
// that starts a task and needs its outcome holds from before the start until
// after the outcome, also with notifyWhenDone.
func (e *executor) holdDrain() (release func()) {
	e.unsettled.Add(1)
	return e.releaseHold
}

func (e *executor) releaseHold() {
	if e.unsettled.Add(-1) == 0 && e.draining.Load() {
		e.checkDrained()
	}
}

func (e *executor) checkDrained() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.unsettled.Load() > 0 {
		return
	}
	select {
	case <-e.drained:
	default:
		close(e.drained)
		e.pool.endGoroutines()
	}
}

// setQuiet makes the executor refuse new tasks, or accept them again.
func (e *executor) setQuiet(on bool) { e.quiet.Store(on) }

// startDrain makes the executor accept no more tasks. The channel is closed
// when the last task has ended and its outcome is reported.
func (e *executor) startDrain() <-chan struct{} {
	e.draining.Store(true)
	e.checkDrained()
	return e.drained
}
