package queue_test

import (
	"cmp"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// put queues a task and returns its id.
func put(t testing.TB, q queue.Queue, r task.Request) uuid.UUID {
	t.Helper()
	made, err := queue.NewTask(r, epoch, task.Policy{Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	kept, _, err := q.AddTask(made)
	if err != nil {
		t.Fatal(err)
	}
	return kept.ID
}

// order leases all ready tasks and returns their names in the order of leases.
func order(q queue.Queue, now time.Time, names map[uuid.UUID]string) string {
	list := ""
	for {
		got, ok := q.LeaseNext(now, "p", "w", 1, nil)
		if !ok {
			return list
		}
		list += names[got.ID]
	}
}

// TestLeaseOrder checks priority, age and delay.
func TestLeaseOrder(t *testing.T) {
	everyQueue(t, queue.Retention{}, testLeaseOrder)
}

func testLeaseOrder(t *testing.T, q queue.Queue) {
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
	if due := q.NextExpiry(); !due.Equal(epoch.Add(time.Minute)) {
		t.Errorf("due at %v", due)
	}
	if _, woken := q.ExpireTasks(epoch.Add(time.Minute)); !woken {
		t.Error("the end of a delay must wake the dispatcher")
	}
	if got := order(q, epoch.Add(time.Minute), names); got != "e" {
		t.Errorf("after the delay: %q", got)
	}
}

// TestReleasedTaskGoesFirst releases a task, which goes to the head of its
// priority.
func TestReleasedTaskGoesFirst(t *testing.T) {
	everyQueue(t, queue.Retention{}, testReleasedTaskGoesFirst)
}

func testReleasedTaskGoesFirst(t *testing.T, q queue.Queue) {
	names := map[uuid.UUID]string{}
	for _, n := range []string{"a", "b", "c"} {
		names[put(t, q, task.Request{Pool: "p"})] = n
	}
	a, _ := q.LeaseNext(epoch, "p", "w", 1, nil)
	l, _ := queue.LeaseOf(&a)
	if got, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeReleased}, 0); err != nil || got.Attempt != 0 {
		t.Fatalf("released: %+v, %v", got, err)
	}
	if got := order(q, epoch, names); got != "abc" {
		t.Errorf("order %s, want abc", got)
	}
}

// TestSupersededLeaseEndsNothing ends a task with an old lease, which must fail.
func TestSupersededLeaseEndsNothing(t *testing.T) {
	everyQueue(t, queue.Retention{}, testSupersededLeaseEndsNothing)
}

func testSupersededLeaseEndsNothing(t *testing.T, q queue.Queue) {
	id := put(t, q, task.Request{Pool: "p"})
	first, _ := q.LeaseNext(epoch, "p", "w", 1, nil)
	old, _ := queue.LeaseOf(&first)
	if _, err := q.EndAttempt(epoch, old, queue.AttemptOutcome{Outcome: task.OutcomeLost}, 0); err != nil {
		t.Fatal(err)
	}
	second, _ := q.LeaseNext(epoch, "p", "w", 2, nil)
	now, _ := queue.LeaseOf(&second)
	if _, err := q.EndAttempt(epoch, old, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte(`"old"`)}, 0); !errors.Is(err, queue.ErrSuperseded) {
		t.Fatalf("the result of a superseded attempt: %v", err)
	}
	if got, err := q.EndAttempt(epoch, now, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte(`"new"`)}, 0); err != nil || got.State != task.Completed {
		t.Fatalf("the current attempt: %+v, %v", got, err)
	}
	if _, err := q.EndAttempt(epoch, now, queue.AttemptOutcome{Outcome: task.OutcomeFailed}, 0); !errors.Is(err, queue.ErrSuperseded) {
		t.Fatalf("a duplicate: %v", err)
	}
	got, _ := q.FindTask(id)
	if string(got.Result) != `"new"` || len(got.History) != 2 || got.History[0].Outcome != task.OutcomeLost {
		t.Errorf("record %+v", got)
	}
}

func TestDeadlineInTheQueue(t *testing.T) {
	for name, delay := range map[string]task.Seconds{"ready": 0, "delayed": task.Seconds(30 * time.Second)} {
		t.Run(name, func(t *testing.T) {
			everyQueue(t, queue.Retention{}, func(t *testing.T, q queue.Queue) {
				id := put(t, q, task.Request{Pool: "p", Deadline: epoch.Add(time.Minute), Delay: delay})
				want := epoch.Add(cmp.Or(delay.Duration(), time.Minute))
				if due := q.NextExpiry(); !due.Equal(want) {
					t.Fatalf("due at %v", due)
				}
				ended, _ := q.ExpireTasks(epoch.Add(time.Minute))
				if len(ended) != 1 || ended[0].ID != id || ended[0].State != task.Failed {
					t.Fatalf("ended: %+v", ended)
				}
				if _, ok := q.LeaseNext(epoch.Add(2*time.Hour), "p", "w", 1, nil); ok {
					t.Error("an expired task was leased")
				}
			})
		})
	}
}

func TestRetention(t *testing.T) {
	everyQueue(t, queue.Retention{Age: time.Hour, Count: 2}, testRetention)
}

func testRetention(t *testing.T, q queue.Queue) {
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, put(t, q, task.Request{Pool: "p"}))
		if _, err := q.CancelQueued(epoch.Add(time.Duration(i)*time.Minute), ids[i], ""); err != nil {
			t.Fatal(err)
		}
	}
	waits := put(t, q, task.Request{Pool: "p"})
	if err := q.(*queue.Engine).CommitAndWait(); err != nil {
		t.Fatal(err)
	}
	held := func() string {
		s := ""
		for _, id := range append(ids, waits) {
			if _, ok := q.FindTask(id); ok {
				s += "x"
			} else {
				s += "-"
			}
		}
		return s
	}
	q.ExpireTasks(epoch.Add(10 * time.Minute))
	if got := held(); got != "--xxx" {
		t.Errorf("by count: %s, want --xxx", got)
	}
	q.ExpireTasks(epoch.Add(62*time.Minute + time.Second))
	if got := held(); got != "---xx" {
		t.Errorf("by age: %s, want ---xx", got)
	}
	q.ExpireTasks(epoch.Add(1000 * time.Hour))
	if got := held(); got != "----x" {
		t.Errorf("a queued task is kept however old: %s", got)
	}
}

func BenchmarkQueue(b *testing.B) {
	for _, queued := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(queued), func(b *testing.B) {
			q := queue.NewMemory(queue.Retention{})
			for range queued {
				put(b, q, task.Request{Pool: "p"})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				put(b, q, task.Request{Pool: "p"})
				got, _ := q.LeaseNext(epoch, "p", "w", 1, nil)
				l, _ := queue.LeaseOf(&got)
				if _, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted}, 0); err != nil {
					b.Fatal(err)
				}
				if b.N%1000 == 0 {
					q.ExpireTasks(epoch)
				}
			}
		})
	}
}

// TestEveryPartOfALeaseCounts ends a task with leases that differ from the current
// lease in one field. Each must fail.
func TestEveryPartOfALeaseCounts(t *testing.T) {
	q := queue.NewMemory(queue.Retention{})
	put(t, q, task.Request{Pool: "p", Attempts: 3})
	first, _ := q.LeaseNext(epoch, "p", "w", 1, nil)
	old, _ := queue.LeaseOf(&first)
	if _, err := q.EndAttempt(epoch, old, queue.AttemptOutcome{Outcome: task.OutcomeTimedOut}, 0); err != nil {
		t.Fatal(err)
	}
	second, ok := q.LeaseNext(epoch, "p", "w", 1, nil) // the same worker again
	if !ok {
		t.Fatal("the task is not queued again")
	}
	current, _ := queue.LeaseOf(&second)
	before, later, other, reborn := current, current, current, current
	before.Attempt, later.Attempt, other.GUID, reborn.Incarnation = old.Attempt, current.Attempt+1, "x", 2
	for _, l := range []queue.Lease{old, before, later, other, reborn} {
		q.SetProgress(l, []byte(`"not mine"`))
		if got, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte("1")}, 0); !errors.Is(err, queue.ErrSuperseded) || got.State != task.Running || got.Result != nil || got.Progress != nil {
			t.Errorf("%+v ends %+v: %+v, %v", l, current, got, err)
		}
	}
	if got, err := q.EndAttempt(epoch, current, queue.AttemptOutcome{Outcome: task.OutcomeCompleted}, 0); err != nil || got.State != task.Completed {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := q.EndAttempt(epoch, current, queue.AttemptOutcome{Outcome: task.OutcomeCompleted}, 0); !errors.Is(err, queue.ErrSuperseded) {
		t.Errorf("a second time: %v", err)
	}
}

// TestDeadlineOutlivesARestart restarts a queue with a task that has a deadline.
func TestDeadlineOutlivesARestart(t *testing.T) {
	d := storetest.New(1)
	q := openOn(t, d, queue.Options{})
	id := put(t, q, task.Request{Pool: "p", Deadline: epoch.Add(time.Hour)})
	mustSync(t, q)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	again := openOn(t, d.AfterKill(), queue.Options{})
	if due := again.NextExpiry(); !due.Equal(epoch.Add(time.Hour)) {
		t.Errorf("due at %v", due)
	}
	if ended, _ := again.ExpireTasks(epoch.Add(time.Hour)); len(ended) != 1 || ended[0].ID != id || ended[0].State != task.Failed {
		t.Errorf("%+v", ended)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
