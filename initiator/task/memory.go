package task

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Retention says how long finished tasks are kept.
type Retention struct {
	Age   time.Duration // 0 = an hour
	Count int           // 0 = 10,000
}

// Memory is a Queue that lasts as long as its process.
type Memory struct {
	retention Retention
	tasks     map[uuid.UUID]*Task
	lines     map[string]*line
	alarms    alarms
	counts    map[string]Counts
	finished  []ref // oldest first
	seq       uint64
}

// NewMemory returns an empty queue.
func NewMemory(r Retention) *Memory {
	if r.Age == 0 {
		r.Age = time.Hour
	}
	if r.Count == 0 {
		r.Count = 10_000
	}
	return &Memory{
		retention: r,
		tasks:     map[uuid.UUID]*Task{},
		lines:     map[string]*line{},
		counts:    map[string]Counts{},
	}
}

// Submit implements Queue.
func (m *Memory) Submit(t Task) (Task, bool, error) {
	if known, ok := m.tasks[t.ID]; ok {
		return *known, false, nil
	}
	kept := &t
	m.tasks[t.ID] = kept
	m.count(kept, 1)
	m.enqueue(kept, false)
	return t, true, nil
}

// enqueue gives a queued task its place: in line, or at a later hour.
func (m *Memory) enqueue(t *Task, front bool) {
	m.seq++
	t.seq = m.seq
	r := ref{t.ID, t.seq}
	if !t.Deadline.IsZero() {
		m.alarms.add(t.Deadline, r)
	}
	if !t.NotBefore.IsZero() {
		m.alarms.add(t.NotBefore, r)
		return
	}
	l := m.lines[t.Pool]
	if l == nil {
		l = &line{}
		m.lines[t.Pool] = l
	}
	if front {
		l.levels[t.Priority].pushFront(r)
		return
	}
	l.levels[t.Priority].push(r)
}

// waiting says whether a place in line still stands for its task.
func (m *Memory) waiting(r ref) bool {
	t, ok := m.tasks[r.id]
	return ok && t.seq == r.seq && t.State == Queued
}

// Next implements Queue.
func (m *Memory) Next(now time.Time, pool, guid string, incarnation int, skip func(uuid.UUID) bool) (Task, bool) {
	l := m.lines[pool]
	if l == nil {
		return Task{}, false
	}
	id, ok := l.next(m.waiting, skip)
	if !ok {
		return Task{}, false
	}
	t := m.tasks[id]
	m.move(t, Running, "runs in "+guid)
	t.Attempt++
	t.Started = now
	t.History = append(slices.Clip(t.History), Attempt{N: t.Attempt, Worker: guid, Incarnation: incarnation, Start: now})
	return *t, true
}

// End implements Queue.
func (m *Memory) End(now time.Time, l Lease, o Outcome, jitter float64) (Task, error) {
	t, ok := m.tasks[l.Task]
	if !ok {
		return Task{}, ErrUnknown
	}
	if current, running := t.Lease(); !running || current != l {
		return *t, ErrSuperseded
	}
	v := Decide(t.Policy, t.Attempt, o, jitter)
	m.close(t, now, o)
	if !v.Paid {
		t.Attempt--
	}
	m.move(t, v.State, v.Reason)
	if v.State != Queued {
		m.finish(t, now, o)
		return *t, nil
	}
	t.NotBefore = time.Time{}
	if v.Delay > 0 {
		t.NotBefore = now.Add(v.Delay)
	}
	m.enqueue(t, v.Front)
	return *t, nil
}

// close writes the end of the running attempt into the history. The slice is
// copied first: records that were handed out share it.
func (m *Memory) close(t *Task, now time.Time, o Outcome) {
	t.History = slices.Clone(t.History)
	last := &t.History[len(t.History)-1]
	last.End, last.Outcome, last.Error = now, o.Kind, o.Error
	t.Progress = nil
}

func (m *Memory) finish(t *Task, now time.Time, o Outcome) {
	t.Ended = now
	t.Result = o.Result
	m.seq++
	t.seq = m.seq
	m.finished = append(m.finished, ref{t.ID, t.seq})
}

// Cancel implements Queue.
func (m *Memory) Cancel(now time.Time, id uuid.UUID, why string) (Task, error) {
	t, ok := m.tasks[id]
	switch {
	case !ok:
		return Task{}, ErrUnknown
	case t.State == Queued:
		m.move(t, Cancelled, because("cancelled", why))
		m.finish(t, now, Outcome{})
		return *t, nil
	case t.State == Running:
		return *t, nil
	default:
		return *t, fmt.Errorf("cancel %s: it is %s already: %w", id, t.State, ErrState)
	}
}

// Retry implements Queue.
func (m *Memory) Retry(_ time.Time, id uuid.UUID) (Task, error) {
	t, ok := m.tasks[id]
	switch {
	case !ok:
		return Task{}, ErrUnknown
	case t.State != Failed && t.State != Dead && t.State != Cancelled:
		return *t, fmt.Errorf("retry %s: it is %s: %w", id, t.State, ErrState)
	}
	m.move(t, Queued, "asked for again")
	t.Attempt = 0
	t.NotBefore, t.Deadline, t.Ended = time.Time{}, time.Time{}, time.Time{}
	t.Result = nil
	m.enqueue(t, false)
	return *t, nil
}

// Progress implements Queue.
func (m *Memory) Progress(l Lease, progress []byte) {
	t, ok := m.tasks[l.Task]
	if !ok {
		return
	}
	if current, running := t.Lease(); running && current == l {
		t.Progress = progress
	}
}

// Expire implements Queue.
func (m *Memory) Expire(now time.Time) (ended []Task, woken bool) {
	for {
		r, ok := m.alarms.ring(now)
		if !ok {
			break
		}
		if !m.waiting(r) {
			continue
		}
		t := m.tasks[r.id]
		if t.Deadline.IsZero() || t.Deadline.After(now) {
			t.NotBefore = time.Time{}
			m.enqueue(t, false)
			woken = true
			continue
		}
		m.move(t, Failed, "its deadline passed in the queue")
		m.finish(t, now, Outcome{})
		ended = append(ended, *t)
	}
	m.forget(now)
	return ended, woken
}

// forget drops finished tasks beyond the retention, oldest first.
func (m *Memory) forget(now time.Time) {
	n := 0
	for _, r := range m.finished {
		t, ok := m.tasks[r.id]
		stands := ok && t.seq == r.seq
		if stands && len(m.finished)-n <= m.retention.Count && now.Sub(t.Ended) < m.retention.Age {
			break
		}
		if stands {
			m.count(t, -1)
			delete(m.tasks, r.id)
		}
		n++
	}
	m.finished = m.finished[n:]
}

// Due implements Queue.
func (m *Memory) Due() time.Time {
	if len(m.alarms) == 0 {
		return time.Time{}
	}
	return m.alarms[0].at
}

// Get implements Queue.
func (m *Memory) Get(id uuid.UUID) (Task, bool) {
	t, ok := m.tasks[id]
	if !ok {
		return Task{}, false
	}
	return *t, true
}

// List implements Queue.
func (m *Memory) List(f Filter) []Task {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	list := []Task{}
	for _, t := range m.tasks {
		if (f.Pool == "" || f.Pool == t.Pool) && (f.State == "" || f.State == t.State) {
			list = append(list, *t)
		}
	}
	slices.SortFunc(list, func(a, b Task) int { return b.Submitted.Compare(a.Submitted) })
	return list[:min(len(list), f.Limit)]
}

// Counts implements Queue.
func (m *Memory) Counts() map[string]Counts {
	all := make(map[string]Counts, len(m.counts))
	for pool, c := range m.counts {
		all[pool] = Counts{}
		for s, n := range c {
			all[pool][s] = n
		}
	}
	return all
}

func (m *Memory) move(t *Task, to State, reason string) {
	m.count(t, -1)
	t.State, t.Reason = to, reason
	m.count(t, 1)
}

func (m *Memory) count(t *Task, by int) {
	c := m.counts[t.Pool]
	if c == nil {
		c = Counts{}
		m.counts[t.Pool] = c
	}
	c[t.State] += by
}

// Commit implements Queue; memory lasts no longer for being told to.
func (m *Memory) Commit() error { return nil }

// Close implements Queue.
func (m *Memory) Close() error { return nil }
