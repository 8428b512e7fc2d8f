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

// abandonGrace is how long a cancelled handler may take to notice before its
// slot is given to others although it still runs.
const abandonGrace = time.Second

// Executor runs tasks in slots. It knows nothing of HTTP, so that every door
// (webhook, stream, direct call) leads to the same slots. All methods may be
// called from any goroutine.
type Executor struct {
	methods methods
	hooks   Hooks
	log     hclog.Logger

	free  chan int                    // slots that nobody holds
	slots []atomic.Pointer[Execution] // who holds each slot; read by heartbeats without a lock

	quiet atomic.Bool

	mu       sync.Mutex // guards what follows; never held while a handler or hook runs
	known    map[taskKey]*Execution
	finished remembered
	live     int // runs, with their reports, that have not settled
	draining bool
	idle     chan struct{} // closed when draining and live is 0
}

func newExecutor(m methods, slots int, hooks Hooks, log hclog.Logger) *Executor {
	e := &Executor{
		methods: m, hooks: hooks, log: log,
		free:  make(chan int, slots),
		slots: make([]atomic.Pointer[Execution], slots),
		known: map[taskKey]*Execution{},
		idle:  make(chan struct{}),
	}
	for i := range slots {
		e.free <- i
	}
	return e
}

// Start takes a task, or tells why not: ErrBusy, ErrQuiet, ErrDraining, or the error of
// BeforeTask. A task that it already holds, or remembers as finished, is not
// run again: the Execution of the first time is returned. The task's context is made
// of ctx; owner is who can abandon it later.
func (e *Executor) Start(ctx context.Context, owner any, t Task) (*Execution, error) {
	return e.start(ctx, owner, t, waiter{})
}

// start is Start with somebody who is told the outcome, as by
// [Execution.Then], when the task is taken. A drain waits for it without a Hold.
func (e *Executor) start(ctx context.Context, owner any, t Task, w waiter) (*Execution, error) {
	run, first, err := e.claim(owner, t)
	if err != nil {
		return nil, err
	}
	if !first {
		select {
		case <-run.decided: // until then the first request's hook is thinking
			if w.tell != nil && run.refused == nil {
				run.Then(w.who, w.tell)
			}
			return run, run.refused
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if err := e.ask(ctx, t); err != nil {
		e.refuse(run, err)
		return nil, err
	}
	if w.tell != nil {
		run.mover, _ = w.who.(mover)
		run.then = append(run.then, w) // nobody else has the run before it is decided
	}
	e.begin(ctx, run)
	return run, nil
}

// claim finds the task, or makes it known and takes a slot for it.
func (e *Executor) claim(owner any, t Task) (run *Execution, first bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.finished.forget(time.Now(), e.known)
	if run, ok := e.known[t.key()]; ok {
		return run, false, nil
	}
	if e.draining {
		return nil, false, ErrDraining
	}
	if e.quiet.Load() {
		return nil, false, ErrQuiet
	}
	select {
	case slot := <-e.free:
		run = newExecution(e, owner, slot, t)
	default:
		return nil, false, ErrBusy
	}
	if !t.once {
		e.known[t.key()] = run
	}
	e.live++
	return run, true, nil
}

func (e *Executor) ask(ctx context.Context, t Task) error {
	if e.hooks.BeforeTask == nil {
		return nil
	}
	return guard(e.log, "BeforeTask", func() error { return e.hooks.BeforeTask(ctx, t) })
}

// refuse undoes a claim: the task leaves the table, as if never seen.
func (e *Executor) refuse(run *Execution, err error) {
	run.refused = err
	e.mu.Lock()
	delete(e.known, run.Task.key())
	e.mu.Unlock()
	e.release(run)
	e.leave()
	close(run.decided)
}

func (e *Executor) begin(ctx context.Context, run *Execution) {
	ctx = context.WithValue(ctx, runKey{}, run)
	ctx, run.cancel = context.WithCancelCause(ctx)
	e.slots[run.slot].Store(run)
	close(run.decided)
	go run.do(ctx, e.methods.find(run.Task.Method))
}

// finish frees the slot first and reports only then: a master that hears of
// the end may send the next task at once.
func (e *Executor) finish(run *Execution, o Outcome) {
	if !e.release(run) {
		return // abandoned: somebody else has the slot, nobody wants the result
	}
	if !run.Task.once {
		e.mu.Lock()
		e.finished.add(run, time.Now(), len(o.Result))
		e.mu.Unlock()
	}
	for _, waiter := range run.settled(o) {
		waiter.tell(o)
	}
	e.leave()
}

// release gives a run's slot back; false when that had been done before.
func (e *Executor) release(run *Execution) bool {
	if !run.released.CompareAndSwap(false, true) {
		return false
	}
	e.slots[run.slot].Store(nil)
	e.free <- run.slot
	return true
}

// Hold keeps a drain waiting until the returned function is called. Whoever
// starts a task and wants its outcome holds from before the one until after
// the other, as with [Execution.Then].
func (e *Executor) Hold() (release func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.live++
	return e.leave
}

func (e *Executor) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.live--
	e.settleIdle()
}

func (e *Executor) settleIdle() {
	if !e.draining || e.live > 0 {
		return
	}
	select {
	case <-e.idle:
	default:
		close(e.idle)
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

// Cancel ends the context of every attempt at that task which runs here, for
// the given reason. It takes no lock.
func (e *Executor) Cancel(id string, reason error) {
	e.cancelAttempt(taskKey{id: id}, reason)
}

// cancelAttempt is Cancel for one attempt; attempt 0 means every one.
func (e *Executor) cancelAttempt(which taskKey, reason error) {
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil && run.Task.ID == which.id && (which.attempt == 0 || run.Task.Attempt == which.attempt) {
			run.cancel(reason)
		}
	}
}

// Abandon cancels the tasks of an owner, forgets them and drops their results.
// It returns when their slots are free: when the handlers have returned, or
// after a second of grace, from when on they run outside any slot.
func (e *Executor) Abandon(owner any, reason error) {
	var runs []*Execution
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil && run.owner == owner {
			run.cancel(reason)
			runs = append(runs, run)
		}
	}
	grace := time.NewTimer(abandonGrace)
	defer grace.Stop()
	for _, run := range runs {
		select {
		case <-run.ended:
		case <-grace.C:
			grace.Reset(0) // the grace is one for all
		}
		e.drop(run)
	}
}

// drop forgets a run, so that the same attempt can be given here anew.
func (e *Executor) drop(run *Execution) {
	e.mu.Lock()
	if e.known[run.Task.key()] == run {
		delete(e.known, run.Task.key())
	}
	e.mu.Unlock()
	if e.release(run) {
		e.leave()
	}
}

// CancelAll ends the context of every running task.
func (e *Executor) CancelAll(reason error) {
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil {
			run.cancel(reason)
		}
	}
}

// Quiet refuses new tasks, or takes them again.
func (e *Executor) Quiet(on bool) { e.quiet.Store(on) }

// Drain takes no more tasks. The channel is closed when the last one has ended
// and has been reported.
func (e *Executor) Drain() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.draining = true
	e.settleIdle()
	return e.idle
}
