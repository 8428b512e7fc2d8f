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
	// errBusy: every slot is taken.
	errBusy = errors.New("no free slot")
	// errQuiet: no new task is taken for now.
	errQuiet = errors.New("the master asked for quiet")
	// errDraining: no task is taken any more.
	errDraining = errors.New("draining")
)

// executor runs tasks in slots. It knows nothing of HTTP, so that every door
// (webhook, stream, direct call) leads to the same slots. All methods may be
// called from any goroutine.
type executor struct {
	methods methodTable
	hooks   Hooks
	log     hclog.Logger

	slots []atomic.Pointer[execution] // who holds each slot; read by heartbeats without a lock
	quiet atomic.Bool

	// unsettled counts runs, with their reports, that have not settled. When it is
	// 0 and draining is set, the executor is idle.
	unsettled atomic.Int64
	draining  atomic.Bool

	mu       sync.Mutex // guards what follows; never held while a handler or hook runs
	free     []int      // slots that nobody holds
	known    map[attemptKey]*execution
	finished finishedTasks
	pool     goroutinePool
	drained  chan struct{} // closed when there is nothing more to wait for
}

func newExecutor(m methodTable, slots int, hooks Hooks, log hclog.Logger) *executor {
	e := &executor{
		methods: m, hooks: hooks, log: log,
		slots:   make([]atomic.Pointer[execution], slots),
		free:    make([]int, 0, slots),
		known:   map[attemptKey]*execution{},
		drained: make(chan struct{}),
	}
	for i := range slots {
		e.free = append(e.free, i)
	}
	return e
}

// startTask takes a task, or tells why not: errBusy, errQuiet, errDraining, or the error of
// BeforeTask. A task that it already holds, or remembers as finished, is not
// run again: the Execution that is returned has, or will have, the outcome of
// the first time. The task's context is made of ctx; owner is who can abandon
// it later.
func (e *executor) startTask(ctx context.Context, owner any, t Task) (*execution, error) {
	return e.startAndNotify(ctx, owner, &t, t.makeKey(), waiter{})
}

// startAndNotify is Start with somebody who is told the outcome, as by
// [Execution.Then], when the task is taken. A drain waits for it without a Hold.
func (e *executor) startAndNotify(ctx context.Context, owner any, t *Task, key attemptKey, w waiter) (*execution, error) {
	e.mu.Lock()
	run, first, err := e.claimSlot(ctx, owner, t, key, w)
	var who wakeUp
	if first && e.hooks.BeforeTask == nil {
		who = e.beginRun(run)
	}
	e.mu.Unlock()
	e.deliverWake(who)
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

// beginRun has a task run. The caller holds the mutex, and makes the call.
func (e *executor) beginRun(run *execution) wakeUp {
	e.slots[run.slot].Store(run)
	return e.pool.addRun(run)
}

// askBeforeTask asks the hook whether a task is taken.
func (e *executor) askBeforeTask(ctx context.Context, run *execution) (*execution, error) {
	if err := recoverPanic(e.log, "BeforeTask", func() error { return e.hooks.BeforeTask(ctx, run.Task) }); err != nil {
		e.undoClaim(run, err)
		return nil, err
	}
	e.mu.Lock()
	who := e.beginRun(run)
	e.mu.Unlock()
	close(run.decided)
	e.deliverWake(who)
	return run, nil
}

// joinRun is what a repeated request gets.
func (e *executor) joinRun(ctx context.Context, run *execution, w waiter) (*execution, error) {
	if run.decided != nil {
		select {
		case <-run.decided: // until then the first request's hook is thinking
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if w.notify != nil && run.refused == nil {
		run.addWaiter(w)
	}
	return run, run.refused
}

// claimSlot finds the task, or makes it known and takes a slot for it. The caller
// holds the mutex.
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

// findRun returns the run of a task that was given before, nil when it was not.
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

// undoClaim undoes a claim: the task leaves the table, as if never seen.
func (e *executor) undoClaim(run *execution, err error) {
	run.refused = err
	e.mu.Lock()
	delete(e.known, run.key)
	e.releaseSlot(run)
	e.mu.Unlock()
	e.releaseHold()
	close(run.decided)
}

// finishRun frees the slot first and reports only then: a master that hears of
// the end may send the next task at once.
func (e *executor) finishRun(run *execution, o taskOutcome) {
	if !e.retireRun(run, o) {
		return // abandoned: somebody else has the slot, nobody wants the result
	}
	for _, waiter := range run.storeOutcome(o) {
		waiter.notify(run, o)
	}
	e.releaseHold()
}

// retireRun gives the slot of a run back and remembers its outcome; false when it
// had been abandoned.
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

// releaseSlot gives a run's slot back; false when that had been done before. The
// caller holds the mutex.
func (e *executor) releaseSlot(run *execution) bool {
	if !run.released.CompareAndSwap(false, true) {
		return false
	}
	e.slots[run.slot].Store(nil)
	e.free = append(e.free, run.slot)
	return true
}

// holdDrain keeps a drain waiting until the returned function is called. Whoever
// starts a task and wants its outcome holds from before the one until after
// the other, as with [Execution.Then].
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

// runningTasks lists the tasks that hold a slot. It takes no lock.
func (e *executor) runningTasks() []proactor.Running {
	list := []proactor.Running{}
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil {
			list = append(list, run.runningSnapshot())
		}
	}
	return list
}

// setQuiet refuses new tasks, or takes them again.
func (e *executor) setQuiet(on bool) { e.quiet.Store(on) }

// startDrain takes no more tasks. The channel is closed when the last one has ended
// and has been reported.
func (e *executor) startDrain() <-chan struct{} {
	e.draining.Store(true)
	e.checkDrained()
	return e.drained
}
