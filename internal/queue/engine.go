package queue

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Engine is the Queue: an index in memory, and records in a store. NewMemory
// makes one that stores nothing, Open one that does. What happens to a task is
// the same in both.
type Engine struct {
	byID     map[uuid.UUID]*entry
	pools    map[string]*poolTasks
	alarms   alarms
	seq      int64 // of the newest at the end of a line, or among the finished
	front    int64 // of the newest at the head of one; negative
	running  map[*entry]bool
	crowded  map[*poolTasks]bool // has a task that has finished since forget
	checked  time.Time           // when forget looked at ages
	standard Retention
	bonds    bonds

	pending pending
	flying  flight
	disk    *disk // nil = nothing is stored
	closed  bool
}

// NewMemory returns an empty queue that lasts as long as its process.
func NewMemory(r Retention) *Engine {
	return &Engine{
		byID:     map[uuid.UUID]*entry{},
		pools:    map[string]*poolTasks{},
		running:  map[*entry]bool{},
		crowded:  map[*poolTasks]bool{},
		standard: r.or(Retention{Age: time.Hour, Count: 10_000}),
		bonds:    newBonds(),
	}
}

// pool returns what is known of a pool, from its first task on.
func (e *Engine) pool(name string) *poolTasks {
	p := e.pools[name]
	if p == nil {
		p = &poolTasks{name: name, retention: e.standard}
		e.pools[name] = p
	}
	return p
}

// AddTask implements Queue.
func (e *Engine) AddTask(t task.Task) (task.Task, bool, error) {
	if known, ok := e.FindExisting(t); ok {
		return known, false, nil
	}
	if err := e.StorageError(); err != nil {
		return task.Task{}, false, err
	}
	e.add(&t)
	return t, true, nil
}

// add takes a new task in, whatever its state.
func (e *Engine) add(t *task.Task) {
	en := &entry{
		id: t.ID, pool: e.pool(t.Pool), task: t, state: codeOf(t.State), priority: uint8(t.Priority),
		submitted: nanoOf(t.Submitted), deadline: nanoOf(t.Deadline),
	}
	e.byID[t.ID] = en
	en.pool.order = append(en.pool.order, en)
	en.pool.counts[en.state]++
	e.bonds.tie(en, t)
	switch {
	case en.state.terminal():
		e.shelve(en)
	case en.state == queued:
		e.enqueue(en, false)
	}
	e.change(en)
}

// enqueue gives a queued task its place: in line, or at a later hour.
func (e *Engine) enqueue(en *entry, front bool) {
	if front {
		e.front--
		en.seq = e.front
	} else {
		e.seq++
		en.seq = e.seq
	}
	en.at = nanoOf(en.task.NotBefore)
	en.deadline = nanoOf(en.task.Deadline)
	e.place(en, front)
}

// place puts a queued task where its seq says.
func (e *Engine) place(en *entry, front bool) {
	r := ref{en, en.seq}
	if en.deadline != 0 {
		e.alarms.add(en.deadline, r)
	}
	if en.at != 0 {
		e.alarms.add(en.at, r)
		return
	}
	if f := &en.pool.line.levels[en.priority]; front {
		f.pushFront(r)
	} else {
		f.push(r)
	}
}

// LeaseNext implements Queue.
func (e *Engine) LeaseNext(now time.Time, pool, guid string, incarnation int, skip func(uuid.UUID) bool) (task.Task, bool) {
	p := e.pools[pool]
	for p != nil && e.StorageError() == nil {
		en, ok := p.line.next(skip)
		if !ok {
			break
		}
		t, err := e.open(en)
		if err != nil {
			e.unreadable(en, now, err)
			continue
		}
		e.move(en, running, "runs in "+guid)
		t.Attempt++
		t.Started = now
		a := task.Attempt{N: t.Attempt, Try: t.Tries() + 1, Worker: guid, Incarnation: incarnation, Start: now}
		t.History = append(slices.Clip(t.History[max(0, len(t.History)-historyMax+1):]), a)
		return *t, true
	}
	return task.Task{}, false
}

// historyMax is how many tries are remembered. What is refused again and again
// must not grow for ever.
const historyMax = 100

// unreadable ends a task whose record is lost: it can be seen, and not be run.
func (e *Engine) unreadable(en *entry, now time.Time, err error) {
	e.move(en, dead, "its record cannot be read: "+err.Error())
	e.finish(en, now, AttemptOutcome{})
}

// End implements Queue.
func (e *Engine) EndAttempt(now time.Time, l Lease, o AttemptOutcome, jitter float64) (task.Task, error) {
	en, ok := e.byID[l.Task]
	if !ok {
		return task.Task{}, task.ErrNotFound
	}
	if en.state != running {
		return e.show(en), ErrSuperseded
	}
	t := en.task
	if current, _ := LeaseOf(t); current != l {
		return *t, ErrSuperseded
	}
	v := DecideRetry(t.Policy, t.Attempt, o, jitter)
	closeAttempt(t, now, o)
	if !v.AttemptCounts {
		t.Attempt--
	}
	e.move(en, codeOf(v.State), v.Reason)
	if v.State != task.Queued {
		e.finish(en, now, o)
		return *t, nil
	}
	t.NotBefore = time.Time{}
	if v.Delay > 0 {
		t.NotBefore = now.Add(v.Delay)
	}
	e.enqueue(en, v.Front)
	return *t, nil
}

// closeAttempt writes the end of the running attempt into the history. The slice is
// copied first: records that were handed out share it.
func closeAttempt(t *task.Task, now time.Time, o AttemptOutcome) {
	t.History = slices.Clone(t.History)
	last := &t.History[len(t.History)-1]
	last.End, last.Outcome, last.Error = now, o.Outcome, o.Error
	t.Progress = nil
}

// finish notes the end of a task that has moved to a terminal state.
func (e *Engine) finish(en *entry, now time.Time, o AttemptOutcome) {
	en.task.Ended = now
	en.task.Result = o.Result
	e.owe(en)
	e.shelve(en)
}

// shelve puts a terminal task among the finished ones of its pool, which are
// forgotten in time; one whose callback is owed, once that is settled.
func (e *Engine) shelve(en *entry) {
	e.seq++
	en.seq, en.at = e.seq, nanoOf(en.task.Ended)
	if e.bonds.owed[en] {
		return
	}
	en.pool.finished = append(en.pool.finished, ref{en, en.seq})
	e.crowded[en.pool] = true
}

// CancelQueued implements Queue.
func (e *Engine) CancelQueued(now time.Time, id uuid.UUID, why string) (task.Task, error) {
	en, ok := e.byID[id]
	switch {
	case !ok:
		return task.Task{}, task.ErrNotFound
	case en.state == queued:
		if _, err := e.open(en); err != nil {
			return e.show(en), fmt.Errorf("cancel %s: %w", id, err)
		}
		e.move(en, cancelled, because("cancelled", why))
		e.finish(en, now, AttemptOutcome{})
		return *en.task, nil
	case en.state == running:
		return *en.task, nil
	default:
		return e.show(en), fmt.Errorf("cancel %s: it is %s already: %w", id, en.state.state(), task.ErrConflict)
	}
}

// RetryTask implements Queue.
func (e *Engine) RetryTask(_ time.Time, id uuid.UUID) (task.Task, error) {
	en, ok := e.byID[id]
	switch {
	case !ok:
		return task.Task{}, task.ErrNotFound
	case en.state != failed && en.state != dead && en.state != cancelled:
		return e.show(en), fmt.Errorf("retry %s: it is %s: %w", id, en.state.state(), task.ErrConflict)
	}
	t, err := e.open(en)
	if err != nil {
		return e.show(en), fmt.Errorf("retry %s: %w", id, err)
	}
	if other := e.bonds.rival(t); other != nil {
		return *t, fmt.Errorf("retry %s: task %s is alive under the same unique key: %w", id, other.id, task.ErrConflict)
	}
	t.CallbackState = ""
	e.move(en, queued, "asked for again")
	t.Attempt = 0
	t.NotBefore, t.Deadline, t.Ended = time.Time{}, time.Time{}, time.Time{}
	t.Result = nil
	en.rewrite = true // the deadline is not in a head
	e.enqueue(en, false)
	return *t, nil
}

// Progress implements Queue. It is not stored.
func (e *Engine) SetProgress(l Lease, progress []byte) {
	en, ok := e.byID[l.Task]
	if !ok || en.state != running {
		return
	}
	if current, _ := LeaseOf(en.task); current == l {
		en.task.Progress = progress
	}
}

// move changes the state of a task whose record is open.
func (e *Engine) move(en *entry, to code, reason string) {
	p := en.pool
	p.counts[en.state]--
	p.counts[to]++
	delete(e.running, en)
	if to == running {
		e.running[en] = true
	}
	en.state = to
	en.task.State, en.task.Reason = to.state(), reason
	e.bonds.tie(en, en.task)
	e.change(en)
}

// FindTask implements Queue.
func (e *Engine) FindTask(id uuid.UUID) (task.Task, bool) {
	en, ok := e.byID[id]
	if !ok {
		return task.Task{}, false
	}
	return e.show(en), true
}
