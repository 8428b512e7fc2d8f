package queue_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

const month = 30 * 24 * time.Hour

// endTask submits a task with one attempt and ends the attempt at a time.
func endTask(t *testing.T, q queue.Queue, at time.Time, o task.Outcome) uuid.UUID {
	t.Helper()
	id := put(t, q, task.Request{Pool: "p", Attempts: 1})
	leaseAndEnd(t, q, at, id, o)
	return id
}

func leaseAndEnd(t *testing.T, q queue.Queue, at time.Time, id uuid.UUID, o task.Outcome) {
	t.Helper()
	leased, ok := q.LeaseNext(at, "p", "w", 1, nil)
	if !ok || leased.ID != id {
		t.Fatalf("leased %v, %v, want %v", leased.ID, ok, id)
	}
	l, _ := queue.LeaseOf(&leased)
	if _, err := q.EndAttempt(at, l, queue.AttemptOutcome{Outcome: o}, 0.5); err != nil {
		t.Fatal(err)
	}
}

// TestFailedTasksOutliveCompletions completes many tasks after a failed and a dead
// one. These are kept for their own time, also over a restart, and can be retried.
func TestFailedTasksOutliveCompletions(t *testing.T) {
	limits := queue.Retention{Count: 20, Age: time.Hour, Failed: queue.RetentionLimit{Age: month}, Dead: queue.RetentionLimit{Age: month, Count: 2}}
	for name, open := range engines(limits) {
		t.Run(name, func(t *testing.T) {
			reopen := open()
			q := reopen()
			failed := endTask(t, q, epoch, task.OutcomeFailed)
			dead := endTask(t, q, epoch, task.OutcomeTimedOut)
			for range 40 {
				endTask(t, q, epoch, task.OutcomeCompleted)
			}
			mustSync(t, q)
			q.ExpireTasks(epoch.Add(time.Minute))
			wantCounts(t, q, task.Counts{task.Completed: 20, task.Failed: 1, task.Dead: 1})

			if name != "memory" {
				if err := q.Close(); err != nil {
					t.Fatal(err)
				}
				q = reopen()
			}
			q.ExpireTasks(epoch.Add(month - time.Minute))
			wantCounts(t, q, task.Counts{task.Failed: 1, task.Dead: 1})
			for range 3 {
				dead = endTask(t, q, epoch.Add(time.Hour), task.OutcomeTimedOut)
			}
			if _, err := q.RetryTask(epoch.Add(month-time.Minute), failed); err != nil {
				t.Error(err)
			}
			leaseAndEnd(t, q, epoch.Add(month-time.Minute), failed, task.OutcomeCompleted)
			mustSync(t, q)
			q.ExpireTasks(epoch.Add(month))
			wantCounts(t, q, task.Counts{task.Completed: 1, task.Dead: 2})
			if _, ok := q.FindTask(dead); !ok {
				t.Error("the newest dead task is gone")
			}
			q.ExpireTasks(epoch.Add(month + time.Hour))
			wantCounts(t, q, task.Counts{})
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRetriedTasksLeaveNoTrace retries a failed task very often: only its last
// failure counts, and a listing shows the task once.
func TestRetriedTasksLeaveNoTrace(t *testing.T) {
	everyQueue(t, queue.Retention{Failed: queue.RetentionLimit{Age: month, Count: 2}}, func(t *testing.T, q queue.Queue) {
		ids := []uuid.UUID{endTask(t, q, epoch, task.OutcomeFailed), endTask(t, q, epoch, task.OutcomeFailed)}
		for i := range 1000 {
			if _, err := q.RetryTask(epoch, ids[1]); err != nil {
				t.Fatal(i, err)
			}
			leaseAndEnd(t, q, epoch, ids[1], task.OutcomeFailed)
			q.ExpireTasks(epoch)
		}
		listed := selected(t, q, task.Filter{Pool: "p", State: task.Failed}).IDs
		slices.SortFunc(listed, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		if !slices.Equal(listed, ids) {
			t.Errorf("%v are kept, want %v", listed, ids)
		}
	})
}

func wantCounts(t *testing.T, q queue.Queue, want task.Counts) {
	t.Helper()
	got := task.Counts{}
	for state, n := range q.CountTasks()["p"] {
		if n > 0 {
			got[state] = n
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v are kept, want %v", got, want)
	}
}
