package queue_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// TestQueueModel makes random calls and checks the contract of Queue after each.
func TestQueueModel(t *testing.T) {
	for name, open := range engines(queue.Retention{Count: 1 << 20, Age: 1 << 60}) {
		t.Run(name, func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { runModel(t, open()) }) })
	}
}

func runModel(t *rapid.T, open func() *queue.Engine) {
	m := &model{q: open(), open: open, now: epoch, leases: map[uuid.UUID]queue.Lease{}, ended: map[uuid.UUID]string{}}
	defer func() { _ = m.q.Close() }() // rapid drops a run in which too many calls were not possible
	t.Repeat(map[string]func(*rapid.T){
		"submit": m.submit, "lease": m.lease, "end": m.end, "stale": m.stale, "cancel": m.cancel,
		"retry": m.retry, "pass": m.pass, "commit": m.commit, "reopen": m.reopen, "": m.check,
	})
	if err := m.q.Close(); err != nil {
		t.Fatal(err)
	}
}

type model struct {
	q      *queue.Engine
	open   func() *queue.Engine
	now    time.Time
	ids    []uuid.UUID
	leases map[uuid.UUID]queue.Lease
	old    []queue.Lease
	ended  map[uuid.UUID]string // terminal tasks, as texts of their first read
	n      int
}

func (m *model) any(t *rapid.T) uuid.UUID {
	if len(m.ids) == 0 {
		t.Skip("no task")
	}
	return rapid.SampledFrom(m.ids).Draw(t, "task")
}

func (m *model) submit(t *rapid.T) {
	p := rapid.IntRange(0, 9).Draw(t, "priority")
	delay := rapid.IntRange(0, 3).Draw(t, "delay")
	r := task.Request{Pool: "p", Priority: &p, Delay: task.Seconds(delay) * task.Seconds(time.Second)}
	if rapid.Bool().Draw(t, "deadline") {
		r.Deadline = m.now.Add(time.Duration(delay+rapid.IntRange(1, 5).Draw(t, "in")) * time.Second)
	}
	made, err := queue.NewTask(r, m.now, task.Policy{Attempts: rapid.IntRange(1, 3).Draw(t, "attempts"), RetryDelay: task.Seconds(time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if _, fresh, err := m.q.AddTask(made); err != nil || !fresh {
		t.Fatalf("submit: fresh %v, %v", fresh, err)
	}
	if _, fresh, err := m.q.AddTask(made); err != nil || fresh {
		t.Fatalf("submit again: fresh %v, %v", fresh, err)
	}
	m.ids = append(m.ids, made.ID)
}

func (m *model) lease(t *rapid.T) {
	m.n++
	guid := fmt.Sprint("w", m.n%3)
	first, waits := m.q.NextSuspect(m.now, "p")
	suspect := rapid.Bool().Draw(t, "suspect")
	got, ok := task.Task{}, false
	if suspect {
		got, ok = m.q.LeaseSuspect(m.now, "p", guid, m.n)
	} else {
		got, ok = m.q.LeaseNext(m.now, "p", guid, m.n, nil)
	}
	if suspect && (ok != waits || got.ID != first.ID) {
		t.Fatalf("the first suspect is %s (%v), and %s (%v) was leased", first.ID, waits, got.ID, ok)
	}
	if !ok {
		return
	}
	if got.Suspicion.IsSuspect() != suspect {
		t.Fatalf("leased as suspect %v: %+v", suspect, got)
	}
	if l, running := m.leases[got.ID]; running {
		t.Fatalf("%s was leased twice: %+v", got.ID, l)
	}
	if got.NotBefore.After(m.now) || got.Attempt > got.Policy.Attempts {
		t.Fatalf("leased too early or too often: %+v", got)
	}
	m.leases[got.ID], _ = queue.LeaseOf(&got)
}

func (m *model) end(t *rapid.T) {
	id := m.any(t)
	l, running := m.leases[id]
	if !running {
		return
	}
	kinds := []task.Outcome{task.OutcomeCompleted, task.OutcomeFailed, task.OutcomeRetry, task.OutcomeRefused, task.OutcomeTimedOut, task.OutcomeLost, task.OutcomeReleased, task.OutcomeInterrupted, task.OutcomeSnoozed, task.OutcomeSuspected, task.OutcomeCancelled, task.OutcomeDeadline}
	o := queue.AttemptOutcome{Outcome: rapid.SampledFrom(kinds).Draw(t, "outcome"), RetryAfter: time.Duration(rapid.IntRange(0, 2).Draw(t, "after")) * time.Second, Suspects: rapid.IntRange(1, 9).Draw(t, "suspects")}
	got, err := m.q.EndAttempt(m.now, l, o, rapid.Float64Range(0, 0.999).Draw(t, "jitter"))
	if err != nil || got.Reason == "" {
		t.Fatalf("end: %+v, %v", got, err)
	}
	if suspect := o.Outcome == task.OutcomeSuspected; suspect && !got.Suspicion.IsSuspect() || got.State.Terminal() && got.Suspicion.IsSuspect() {
		t.Fatalf("after %s: %+v", o.Outcome, got)
	}
	delete(m.leases, id)
	m.old = append(m.old, l)
}

func (m *model) stale(t *rapid.T) {
	if len(m.old) == 0 {
		t.Skip("no old lease")
	}
	l := rapid.SampledFrom(m.old).Draw(t, "lease")
	if _, err := m.q.EndAttempt(m.now, l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte(`"stale"`)}, 0); !errors.Is(err, queue.ErrSuperseded) {
		t.Fatalf("a superseded lease ended a task: %v", err)
	}
}

func (m *model) cancel(t *rapid.T) {
	id := m.any(t)
	before, _ := m.q.FindTask(id)
	got, err := m.q.CancelQueued(m.now, id, "")
	switch {
	case before.State.Terminal() != errors.Is(err, task.ErrConflict):
		t.Fatalf("cancel %s: %v", before.State, err)
	case before.State == task.Queued && got.State != task.Cancelled:
		t.Fatalf("cancel queued: %+v", got)
	}
}

func (m *model) retry(t *rapid.T) {
	id := m.any(t)
	if _, err := m.q.RetryTask(m.now, id); err == nil {
		delete(m.ended, id)
	}
}

func (m *model) pass(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond)
	m.q.ExpireTasks(m.now)
}

// commit does not wait for the disk: during the next step the batch may still be
// written.
func (m *model) commit(t *rapid.T) {
	m.q.Commit(func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	m.q.FinishCommits()
}

// reopen closes the queue and opens it again, as a restart does.
func (m *model) reopen(t *rapid.T) {
	if m.q.BatchDone() == nil {
		t.Skip("lasts as long as its process")
	}
	if err := m.q.Close(); err != nil {
		t.Fatal(err)
	}
	m.q = m.open()
}

// check runs after every step: counts are right, terminal tasks do not change, and
// exactly the leased tasks run.
func (m *model) check(t *rapid.T) {
	counts := task.Counts{}
	for _, id := range m.ids {
		got, ok := m.q.FindTask(id)
		if !ok {
			t.Fatalf("%s is lost", id)
		}
		counts[got.State]++
		if _, running := m.leases[id]; running != (got.State == task.Running) {
			t.Fatalf("%s is %s, leased %v", id, got.State, running)
		}
		if !got.State.Terminal() {
			continue
		}
		now := fmt.Sprint(got.State, got.Ended.UnixNano(), string(got.Result), got.Attempt, len(got.History))
		if first, seen := m.ended[id]; seen && first != now {
			t.Fatalf("a terminal record changed: %s, then %s", first, now)
		}
		m.ended[id] = now
	}
	for s, n := range m.q.CountTasks()["p"] {
		if counts[s] != n {
			t.Fatalf("counts of %s: %d, but there are %d", s, n, counts[s])
		}
	}
}
