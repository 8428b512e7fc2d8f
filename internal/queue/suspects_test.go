package queue_test

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// endWith leases the next task, as a suspect if suspect is set, and ends its
// attempt after ran.
func endWith(t *testing.T, q queue.Queue, suspect bool, ran time.Duration, o queue.AttemptOutcome) task.Task {
	t.Helper()
	leased, ok := task.Task{}, false
	if suspect {
		leased, ok = q.LeaseSuspect(epoch, "p", "w", 1)
	} else {
		leased, ok = q.LeaseNext(epoch, "p", "w", 1, nil)
	}
	if !ok {
		t.Fatal("nothing is leased")
	}
	l, _ := queue.LeaseOf(&leased)
	got, err := q.EndAttempt(epoch.Add(ran), l, o, 0)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestSuspicions follows the mark of one task from its first suspicion.
func TestSuspicions(t *testing.T) {
	everyQueue(t, queue.Retention{}, testSuspicions)
}

func testSuspicions(t *testing.T, q queue.Queue) {
	id := put(t, q, task.Request{Pool: "p", Attempts: 9})
	crash := func(n int) queue.AttemptOutcome {
		if n == 1 {
			return queue.AttemptOutcome{Outcome: task.OutcomeLost, Suspects: 1}
		}
		return queue.AttemptOutcome{Outcome: task.OutcomeSuspected, Suspects: n}
	}
	second := task.Seconds(time.Second)
	for _, c := range []struct {
		what    string
		suspect bool // the attempt is that of a suspect
		outcome queue.AttemptOutcome
		want    task.Suspicion
		attempt int
	}{
		{"alone, and not suspected before", false, crash(1), task.Suspicion{}, 1},
		{"one of seven", false, crash(7), task.Suspicion{Group: 4, Ran: second, Times: 1}, 1},
		{"released", true, queue.AttemptOutcome{Outcome: task.OutcomeReleased}, task.Suspicion{Group: 4, Ran: second, Times: 1}, 1},
		{"interrupted", true, queue.AttemptOutcome{Outcome: task.OutcomeInterrupted}, task.Suspicion{Group: 4, Ran: second, Times: 1}, 1},
		{"refused", true, queue.AttemptOutcome{Outcome: task.OutcomeRefused}, task.Suspicion{Group: 4, Ran: second, Times: 1}, 1},
		{"one of three", true, crash(3), task.Suspicion{Group: 2, Ran: second, Times: 2}, 1},
		{"one of two", true, crash(2), task.Suspicion{Group: 1, Ran: second, Times: 3}, 1},
		{"alone", true, crash(1), task.Suspicion{Group: 1, Ran: second, Times: 3}, 2},
		{"a failure clears it", true, queue.AttemptOutcome{Outcome: task.OutcomeRetry}, task.Suspicion{Times: 3}, 3},
		{"one of two again", false, crash(2), task.Suspicion{Group: 1, Ran: second, Times: 4}, 3},
		{"a time-out clears it", true, queue.AttemptOutcome{Outcome: task.OutcomeTimedOut}, task.Suspicion{Times: 4}, 4},
	} {
		got := endWith(t, q, c.suspect, time.Second, c.outcome)
		if got.Suspicion != c.want || got.Attempt != c.attempt || got.State != task.Queued {
			t.Fatalf("%s: %+v", c.what, got)
		}
	}
	for n := 5; n <= task.MaxSuspicions; n++ {
		got := endWith(t, q, n > 5, time.Second, crash(100))
		after, clears := queue.ClearsAfter(got.Suspicion)
		if n < task.MaxSuspicions && (!clears || after != 2*time.Second || got.Suspicion.Group != 50) {
			t.Errorf("suspicion %d: %+v, cleared after %v", n, got.Suspicion, after)
		}
		if n == task.MaxSuspicions && (clears || got.Suspicion.Group != 1) {
			t.Errorf("suspicion %d: %+v, and it can be cleared", n, got.Suspicion)
		}
	}
	if got := endWith(t, q, true, time.Second, queue.AttemptOutcome{Outcome: task.OutcomeFailed}); got.Suspicion != (task.Suspicion{Times: task.MaxSuspicions}) {
		t.Errorf("ended as %+v", got)
	}
	if got, err := q.RetryTask(epoch, id); err != nil || got.Suspicion != (task.Suspicion{}) {
		t.Errorf("retried by a caller: %+v, %v", got, err)
	}
}

// TestClearSuspect makes a running suspect an ordinary task.
func TestClearSuspect(t *testing.T) {
	everyQueue(t, queue.Retention{}, func(t *testing.T, q queue.Queue) {
		put(t, q, task.Request{Pool: "p"})
		endWith(t, q, false, time.Millisecond, queue.AttemptOutcome{Outcome: task.OutcomeSuspected, Suspects: 2})
		first, ok := q.NextSuspect(epoch, "p")
		if after, clears := queue.ClearsAfter(first.Suspicion); !ok || !clears || after != time.Second {
			t.Errorf("%+v is cleared after %v", first, after)
		}
		if _, ok := q.LeaseNext(epoch, "p", "w", 1, nil); ok {
			t.Error("LeaseNext leased a suspect")
		}
		leased, _ := q.LeaseSuspect(epoch, "p", "w", 1)
		l, _ := queue.LeaseOf(&leased)
		stale := l
		stale.GUID = "another"
		if q.ClearSuspect(stale) || !q.ClearSuspect(l) || q.ClearSuspect(l) {
			t.Error("a suspect is cleared once, under its lease")
		}
		if got, _ := q.FindTask(l.Task); got.Suspicion != (task.Suspicion{Times: 1}) {
			t.Errorf("cleared: %+v", got.Suspicion)
		}
		if got, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeReleased}, 0); err != nil || got.Suspicion != (task.Suspicion{Times: 1}) {
			t.Errorf("released: %+v, %v", got, err)
		}
		if _, ok := q.NextSuspect(epoch, "p"); ok {
			t.Error("a cleared task waits as a suspect")
		}
	})
}
