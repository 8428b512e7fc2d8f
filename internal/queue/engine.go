package queue

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// Engine implements Queue: it has an index in memory and records in a store.
// NewMemory makes an Engine without a store, Open an Engine with a store. Both
// treat a task alike. One goroutine uses an Engine.
type Engine struct {
	byID      map[uuid.UUID]*entry
	pools     map[string]*poolTasks
	alarms    alarmHeap
	seq       int64 // the highest place so far: at the end of a list, or among finished tasks
	front     int64 // the lowest place so far, at the head of a list; at most 0
	running   map[*entry]bool
	toTrim    map[*poolTasks]bool // pools with a task that has finished since the last trimFinished
	checked   time.Time           // when trimFinished last looked at ages
	standard  Retention           // of pools without a retention of their own
	relations relations

	pending  pending
	inFlight commit
	disk     *disk // nil = nothing is stored
	closed   bool
}

// NewMemory returns an empty queue without files. Its tasks end with the process.
// Zero fields of r take the defaults of Retention.
func NewMemory(r Retention) *Engine {
	return &Engine{
		byID:      map[uuid.UUID]*entry{},
		pools:     map[string]*poolTasks{},
		running:   map[*entry]bool{},
		toTrim:    map[*poolTasks]bool{},
		standard:  r,
		relations: newRelations(),
	}
}

// poolTasks returns the index of a pool. It makes the index of a new pool.
func (e *Engine) poolTasks(name string) *poolTasks {
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
	e.addEntry(&t)
	return t, true, nil
}

// addEntry adds a new task in any state to the index, and marks it as changed.
func (e *Engine) addEntry(t *task.Task) {
	en := &entry{
		id: t.ID, pool: e.poolTasks(t.Pool), task: t, state: stateCodeOf(t.State), priority: uint8(t.Priority),
		submitted: nanoOf(t.Submitted), deadline: nanoOf(t.Deadline),
	}
	e.byID[t.ID] = en
	en.pool.addToOrder(en)
	en.pool.counts[en.state]++
	e.relations.updateRelations(en, t)
	switch {
	case en.state.terminal():
		e.addFinished(en)
	case en.state == queued:
		e.enqueueTask(en, false)
	}
	e.markChanged(en)
}

// enqueueTask gives a queued task a new place: at the head or the end of its
// priority, or at a later time when the task has NotBefore.
func (e *Engine) enqueueTask(en *entry, front bool) {
	if front {
		e.front--
		en.seq = e.front
	} else {
		e.seq++
		en.seq = e.seq
	}
	en.suspect = en.task.Suspicion.IsSuspect()
	en.at = nanoOf(en.task.NotBefore)
	en.deadline = nanoOf(en.task.Deadline)
	e.placeQueued(en, front)
}

// placeQueued puts a queued task into the ready list, or sets the alarm of its
// delay. It also sets the alarm of its deadline.
func (e *Engine) placeQueued(en *entry, front bool) {
	r := ref{en, en.seq}
	if en.deadline != 0 {
		e.alarms.addAlarm(en.deadline, r)
	}
	if en.at != 0 {
		e.alarms.addAlarm(en.at, r)
		return
	}
	list := &en.pool.ready
	if en.suspect {
		list = &en.pool.suspects
	}
	if f := &list.levels[en.priority]; front {
		f.pushFront(r)
	} else {
		f.pushBack(r)
	}
}

// LeaseNext implements Queue.
func (e *Engine) LeaseNext(now time.Time, pool, guid string, incarnation int, skip func(uuid.UUID) bool) (task.Task, bool) {
	p := e.pools[pool]
	for p != nil && e.StorageError() == nil {
		en, ok := p.ready.takeNext(skip)
		if !ok {
			break
		}
		if _, err := e.loadTask(en); err != nil {
			e.endUnreadable(en, now, err)
			continue
		}
		return e.startAttempt(en, now, guid, incarnation), true
	}
	return task.Task{}, false
}

// startAttempt leases a task whose record is in memory to a worker.
func (e *Engine) startAttempt(en *entry, now time.Time, guid string, incarnation int) task.Task {
	e.setState(en, running, "runs in "+guid)
	t := en.task
	t.Attempt++
	t.Started = now
	a := task.Attempt{N: t.Attempt, Try: t.Tries() + 1, Worker: guid, Incarnation: incarnation, Start: now}
	t.History = append(slices.Clip(t.History[max(0, len(t.History)-bounds.History+1):]), a)
	return *t
}

// endUnreadable ends a task whose record cannot be read. The task is listed as dead
// and never runs.
func (e *Engine) endUnreadable(en *entry, now time.Time, err error) {
	e.setState(en, dead, unreadableReason(err))
	e.finishTask(en, now, AttemptOutcome{})
}

// EndAttempt implements Queue.
func (e *Engine) EndAttempt(now time.Time, l Lease, o AttemptOutcome, jitter float64) (task.Task, error) {
	en, ok := e.byID[l.Task]
	if !ok {
		return task.Task{}, task.ErrNotFound
	}
	if en.state != running {
		return e.copyTask(en), ErrSuperseded
	}
	t := en.task
	if current, _ := LeaseOf(t); current != l {
		return *t, ErrSuperseded
	}
	v := DecideRetry(t, o, jitter)
	closeAttempt(t, now, o)
	if o.Outcome == task.OutcomeInterrupted {
		t.Interruptions++
	}
	t.Suspicion = suspicionAfter(t, o, v.State, now)
	if !v.AttemptCounts {
		t.Attempt--
	}
	e.setState(en, stateCodeOf(v.State), v.Reason)
	if v.State != task.Queued {
		e.finishTask(en, now, o)
		return *t, nil
	}
	t.NotBefore = time.Time{}
	if v.Delay > 0 {
		t.NotBefore = now.Add(v.Delay)
	}
	e.enqueueTask(en, v.Front)
	return *t, nil
}

// closeAttempt notes the end of the running attempt in the history. It copies the
// history first, because tasks that were returned earlier share the slice.
func closeAttempt(t *task.Task, now time.Time, o AttemptOutcome) {
	t.History = slices.Clone(t.History)
	last := &t.History[len(t.History)-1]
	last.End, last.Outcome, last.Error = now, o.Outcome, o.Error
	t.Progress = nil
}

// finishTask notes the end and the result of a task that has reached a terminal
// state.
func (e *Engine) finishTask(en *entry, now time.Time, o AttemptOutcome) {
	en.task.Ended = now
	en.task.Result = o.Result
	e.enqueueCallback(en)
	e.addFinished(en)
}

// addFinished adds a terminal task to the finished tasks of its pool, from which
// the retention drops tasks. A task with a pending callback is added later, by
// RecordCallback.
func (e *Engine) addFinished(en *entry) {
	e.seq++
	en.seq, en.at = e.seq, nanoOf(en.task.Ended)
	if e.relations.pendingCallbacks[en] {
		return
	}
	l := en.pool.listOf(en.state)
	l.refs = append(l.refs, ref{en, en.seq})
	e.toTrim[en.pool] = true
}

// CancelQueued implements Queue.
func (e *Engine) CancelQueued(now time.Time, id uuid.UUID, why string) (task.Task, error) {
	en, ok := e.byID[id]
	switch {
	case !ok:
		return task.Task{}, task.ErrNotFound
	case en.state == queued:
		if _, err := e.loadTask(en); err != nil {
			return e.copyTask(en), fmt.Errorf("cancel %s: %w", id, err)
		}
		e.setState(en, cancelled, withReason("cancelled", why))
		e.finishTask(en, now, AttemptOutcome{})
		return *en.task, nil
	case en.state == running:
		return *en.task, nil
	default:
		return e.copyTask(en), fmt.Errorf("cancel %s: the task is already %s: %w", id, en.state.state(), task.ErrConflict)
	}
}

// RetryTask implements Queue.
func (e *Engine) RetryTask(_ time.Time, id uuid.UUID) (task.Task, error) {
	en, ok := e.byID[id]
	switch {
	case !ok:
		return task.Task{}, task.ErrNotFound
	case en.state != failed && en.state != dead && en.state != cancelled:
		return e.copyTask(en), fmt.Errorf("retry %s: the task is %s, and only a failed, dead or cancelled task can be retried: %w", id, en.state.state(), task.ErrConflict)
	}
	t, err := e.loadTask(en)
	if err != nil {
		return e.copyTask(en), fmt.Errorf("retry %s: %w", id, err)
	}
	if other := e.relations.uniqueHolder(t); other != nil {
		return *t, fmt.Errorf("retry %s: task %s has the same unique key and has not ended: %w", id, other.id, task.ErrConflict)
	}
	list, listed := en.pool.listOf(en.state), !e.relations.pendingCallbacks[en]
	t.CallbackState = ""
	e.setState(en, queued, "asked for again")
	t.Attempt, t.Interruptions, t.Suspicion = 0, 0, task.Suspicion{}
	t.NotBefore, t.Deadline, t.Ended = time.Time{}, time.Time{}, time.Time{}
	t.Result = nil
	en.rewrite = true // a head record has no deadline
	e.enqueueTask(en, false)
	if listed {
		list.voidRef()
	}
	return *t, nil
}

// SetProgress implements Queue. Progress is not stored.
func (e *Engine) SetProgress(l Lease, progress []byte) {
	en, ok := e.byID[l.Task]
	if !ok || en.state != running {
		return
	}
	if current, _ := LeaseOf(en.task); current == l {
		en.task.Progress = progress
	}
}

// setState changes the state and the reason of a task whose record is in memory.
func (e *Engine) setState(en *entry, to stateCode, reason string) {
	p := en.pool
	p.counts[en.state]--
	p.counts[to]++
	delete(e.running, en)
	if to == running {
		e.running[en] = true
	}
	en.state = to
	en.task.State, en.task.Reason = to.state(), reason
	e.relations.updateRelations(en, en.task)
	e.markChanged(en)
}

// FindTask implements Queue.
func (e *Engine) FindTask(id uuid.UUID) (task.Task, bool) {
	en, ok := e.byID[id]
	if !ok {
		return task.Task{}, false
	}
	return e.copyTask(en), true
}
