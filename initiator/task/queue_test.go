package task_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"initiator/initiator/task"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// put queues a task and returns its id.
func put(t testing.TB, q task.Queue, r task.Request) uuid.UUID {
	t.Helper()
	made, err := r.Task(epoch, task.Policy{Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	kept, _, err := q.Submit(made)
	if err != nil {
		t.Fatal(err)
	}
	return kept.ID
}

// order leases everything that is ready, and names it.
func order(q task.Queue, now time.Time, names map[uuid.UUID]string) string {
	list := ""
	for {
		got, ok := q.Next(now, "p", "w", 1, nil)
		if !ok {
			return list
		}
		list += names[got.ID]
	}
}

func TestOrder(t *testing.T) {
	everyQueue(t, task.Retention{}, testOrder)
}

func testOrder(t *testing.T, q task.Queue) {
	names := map[uuid.UUID]string{}
	high, low := 9, 0
	for _, c := range []struct {
		name     string
		priority *int
		delay    task.Seconds
	}{{"a", nil, 0}, {"b", &low, 0}, {"c", nil, 0}, {"d", &high, 0}, {"e", &high, task.Seconds(time.Minute)}, {"f", &low, 0}} {
		names[put(t, q, task.Request{Pool: "p", Priority: c.priority, Delay: c.delay})] = c.name
	}
	if got := order(q, epoch, names); got != "dacbf" {
		t.Errorf("order %s, want dacbf: priority first, then age; e is delayed", got)
	}
	if due := q.Due(); !due.Equal(epoch.Add(time.Minute)) {
		t.Errorf("due at %v", due)
	}
	if _, woken := q.Expire(epoch.Add(time.Minute)); !woken {
		t.Error("the end of a delay must wake the dispatcher")
	}
	if got := order(q, epoch.Add(time.Minute), names); got != "e" {
		t.Errorf("after the delay: %q", got)
	}
}

func TestGivenBackGoesFirst(t *testing.T) {
	everyQueue(t, task.Retention{}, testGivenBackGoesFirst)
}

func testGivenBackGoesFirst(t *testing.T, q task.Queue) {
	names := map[uuid.UUID]string{}
	for _, n := range []string{"a", "b", "c"} {
		names[put(t, q, task.Request{Pool: "p"})] = n
	}
	a, _ := q.Next(epoch, "p", "w", 1, nil)
	l, _ := a.Lease()
	if got, err := q.End(epoch, l, task.Outcome{Kind: task.Released}, 0); err != nil || got.Attempt != 0 {
		t.Fatalf("given back: %+v, %v", got, err)
	}
	if got := order(q, epoch, names); got != "abc" {
		t.Errorf("order %s, want abc", got)
	}
}

func TestFencing(t *testing.T) {
	everyQueue(t, task.Retention{}, testFencing)
}

func testFencing(t *testing.T, q task.Queue) {
	id := put(t, q, task.Request{Pool: "p"})
	first, _ := q.Next(epoch, "p", "w", 1, nil)
	old, _ := first.Lease()
	if _, err := q.End(epoch, old, task.Outcome{Kind: task.Lost}, 0); err != nil {
		t.Fatal(err)
	}
	second, _ := q.Next(epoch, "p", "w", 2, nil)
	now, _ := second.Lease()
	if _, err := q.End(epoch, old, task.Outcome{Kind: task.Succeeded, Result: []byte(`"old"`)}, 0); !errors.Is(err, task.ErrSuperseded) {
		t.Fatalf("the result of a superseded attempt: %v", err)
	}
	if got, err := q.End(epoch, now, task.Outcome{Kind: task.Succeeded, Result: []byte(`"new"`)}, 0); err != nil || got.State != task.Completed {
		t.Fatalf("the current attempt: %+v, %v", got, err)
	}
	if _, err := q.End(epoch, now, task.Outcome{Kind: task.FailedFinal}, 0); !errors.Is(err, task.ErrSuperseded) {
		t.Fatalf("a duplicate: %v", err)
	}
	got, _ := q.Get(id)
	if string(got.Result) != `"new"` || len(got.History) != 2 || got.History[0].Outcome != task.Lost {
		t.Errorf("record %+v", got)
	}
}

func TestDeadlineInTheQueue(t *testing.T) {
	for name, delay := range map[string]task.Seconds{"ready": 0, "delayed beyond it": task.Seconds(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			everyQueue(t, task.Retention{}, func(t *testing.T, q task.Queue) {
				id := put(t, q, task.Request{Pool: "p", Deadline: epoch.Add(time.Minute), Delay: delay})
				if due := q.Due(); !due.Equal(epoch.Add(time.Minute)) {
					t.Fatalf("due at %v", due)
				}
				ended, _ := q.Expire(epoch.Add(time.Minute))
				if len(ended) != 1 || ended[0].ID != id || ended[0].State != task.Failed {
					t.Fatalf("ended: %+v", ended)
				}
				if _, ok := q.Next(epoch.Add(2*time.Hour), "p", "w", 1, nil); ok {
					t.Error("an expired task was leased")
				}
			})
		})
	}
}

func TestRetention(t *testing.T) {
	everyQueue(t, task.Retention{Age: time.Hour, Count: 2}, testRetention)
}

func testRetention(t *testing.T, q task.Queue) {
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, put(t, q, task.Request{Pool: "p"}))
		if _, err := q.Cancel(epoch.Add(time.Duration(i)*time.Minute), ids[i], ""); err != nil {
			t.Fatal(err)
		}
	}
	waits := put(t, q, task.Request{Pool: "p"})
	if err := q.(*task.Engine).Sync(); err != nil {
		t.Fatal(err)
	}
	held := func() string {
		s := ""
		for _, id := range append(ids, waits) {
			if _, ok := q.Get(id); ok {
				s += "x"
			} else {
				s += "-"
			}
		}
		return s
	}
	q.Expire(epoch.Add(10 * time.Minute))
	if got := held(); got != "--xxx" {
		t.Errorf("by count: %s, want --xxx", got)
	}
	q.Expire(epoch.Add(62*time.Minute + time.Second))
	if got := held(); got != "---xx" {
		t.Errorf("by age: %s, want ---xx", got)
	}
	q.Expire(epoch.Add(1000 * time.Hour))
	if got := held(); got != "----x" {
		t.Errorf("a queued task is kept however old: %s", got)
	}
}

// TestQueueModel drives a queue at random and compares it with what the words
// of the contract say.
func TestQueueModel(t *testing.T) {
	for name, open := range engines(task.Retention{Count: 1 << 20, Age: 1 << 60}) {
		t.Run(name, func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { runModel(t, open()) }) })
	}
}

func runModel(t *rapid.T, open func() *task.Engine) {
	m := &model{q: open(), open: open, now: epoch, leases: map[uuid.UUID]task.Lease{}, ended: map[uuid.UUID]string{}}
	t.Repeat(map[string]func(*rapid.T){
		"submit": m.submit, "lease": m.lease, "end": m.end, "stale": m.stale, "cancel": m.cancel,
		"retry": m.retry, "pass": m.pass, "commit": m.commit, "reopen": m.reopen, "": m.check,
	})
	if err := m.q.Close(); err != nil {
		t.Fatal(err)
	}
}

type model struct {
	q      *task.Engine
	open   func() *task.Engine
	now    time.Time
	ids    []uuid.UUID
	leases map[uuid.UUID]task.Lease
	old    []task.Lease
	ended  map[uuid.UUID]string // terminal records, as they were first seen
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
	r := task.Request{Pool: "p", Priority: &p, Delay: task.Seconds(rapid.IntRange(0, 3).Draw(t, "delay")) * task.Seconds(time.Second)}
	if rapid.Bool().Draw(t, "deadline") {
		r.Deadline = m.now.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "in")) * time.Second)
	}
	made, err := r.Task(m.now, task.Policy{Attempts: rapid.IntRange(1, 3).Draw(t, "attempts"), RetryDelay: task.Seconds(time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if _, fresh, err := m.q.Submit(made); err != nil || !fresh {
		t.Fatalf("submit: fresh %v, %v", fresh, err)
	}
	if _, fresh, err := m.q.Submit(made); err != nil || fresh {
		t.Fatalf("submit again: fresh %v, %v", fresh, err)
	}
	m.ids = append(m.ids, made.ID)
}

func (m *model) lease(t *rapid.T) {
	m.n++
	got, ok := m.q.Next(m.now, "p", fmt.Sprint("w", m.n%3), m.n, nil)
	if !ok {
		return
	}
	if l, running := m.leases[got.ID]; running {
		t.Fatalf("%s was leased twice: %+v", got.ID, l)
	}
	if got.NotBefore.After(m.now) || got.Attempt > got.Policy.Attempts {
		t.Fatalf("leased too early or too often: %+v", got)
	}
	m.leases[got.ID], _ = got.Lease()
}

func (m *model) end(t *rapid.T) {
	id := m.any(t)
	l, running := m.leases[id]
	if !running {
		return
	}
	kinds := []task.Kind{task.Succeeded, task.FailedFinal, task.FailedRetry, task.Refused, task.TimedOut, task.Lost, task.Released, task.CancelledByUser, task.DeadlinePassed}
	o := task.Outcome{Kind: rapid.SampledFrom(kinds).Draw(t, "outcome"), RetryAfter: time.Duration(rapid.IntRange(0, 2).Draw(t, "after")) * time.Second}
	got, err := m.q.End(m.now, l, o, rapid.Float64Range(0, 0.999).Draw(t, "jitter"))
	if err != nil || got.Reason == "" {
		t.Fatalf("end: %+v, %v", got, err)
	}
	delete(m.leases, id)
	m.old = append(m.old, l)
}

func (m *model) stale(t *rapid.T) {
	if len(m.old) == 0 {
		t.Skip("no old lease")
	}
	l := rapid.SampledFrom(m.old).Draw(t, "lease")
	if _, err := m.q.End(m.now, l, task.Outcome{Kind: task.Succeeded, Result: []byte(`"stale"`)}, 0); !errors.Is(err, task.ErrSuperseded) {
		t.Fatalf("a superseded lease ended a task: %v", err)
	}
}

func (m *model) cancel(t *rapid.T) {
	id := m.any(t)
	before, _ := m.q.Get(id)
	got, err := m.q.Cancel(m.now, id, "")
	switch {
	case before.State.Terminal() != errors.Is(err, task.ErrState):
		t.Fatalf("cancel %s: %v", before.State, err)
	case before.State == task.Queued && got.State != task.Cancelled:
		t.Fatalf("cancel queued: %+v", got)
	}
}

func (m *model) retry(t *rapid.T) {
	id := m.any(t)
	if _, err := m.q.Retry(m.now, id); err == nil {
		delete(m.ended, id)
	}
}

func (m *model) pass(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond)
	m.q.Expire(m.now)
}

// commit does not wait for the disk: whatever happens next may find the batch
// on its way.
func (m *model) commit(t *rapid.T) {
	m.q.Commit(func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	m.q.Settle()
}

// reopen is the end of one process and the beginning of the next.
func (m *model) reopen(t *rapid.T) {
	if m.q.Synced() == nil {
		t.Skip("lasts as long as its process")
	}
	if err := m.q.Close(); err != nil {
		t.Fatal(err)
	}
	m.q = m.open()
}

// check holds after every step: counts agree, terminal records do not change,
// and what runs is what was leased.
func (m *model) check(t *rapid.T) {
	counts := task.Counts{}
	for _, id := range m.ids {
		got, ok := m.q.Get(id)
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
	for s, n := range m.q.Counts()["p"] {
		if counts[s] != n {
			t.Fatalf("counts of %s: %d, but there are %d", s, n, counts[s])
		}
	}
}

func BenchmarkQueue(b *testing.B) {
	for _, queued := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(queued), func(b *testing.B) {
			q := task.NewMemory(task.Retention{})
			for range queued {
				put(b, q, task.Request{Pool: "p"})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				put(b, q, task.Request{Pool: "p"})
				got, _ := q.Next(epoch, "p", "w", 1, nil)
				l, _ := got.Lease()
				if _, err := q.End(epoch, l, task.Outcome{Kind: task.Succeeded}, 0); err != nil {
					b.Fatal(err)
				}
				if b.N%1000 == 0 {
					q.Expire(epoch)
				}
			}
		})
	}
}
