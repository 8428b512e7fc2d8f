package task_test

import (
	"testing"

	"initiator/initiator/task"
)

// A task that is refused again and again remembers its newest tries alone, and
// no try has the number of another: workers know an attempt by it.
func TestHistoryIsBounded(t *testing.T) {
	everyQueue(t, task.Retention{}, func(t *testing.T, q task.Queue) {
		id := put(t, q, task.Request{Pool: "p"})
		for n := 1; n <= 250; n++ {
			got, ok := q.Next(epoch, "p", "w", 1, nil)
			if !ok || got.Tries() != n || got.Attempt != 1 {
				t.Fatalf("try %d: leased %v, as try %d, attempt %d", n, ok, got.Tries(), got.Attempt)
			}
			l, _ := got.Lease()
			if _, err := q.End(epoch, l, task.Outcome{Kind: task.Released}, 0); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := q.Get(id)
		if len(got.History) != 100 || got.History[0].Try != 151 || got.History[99].Try != 250 || got.Attempt != 0 {
			t.Errorf("%d in its history, from try %d, attempt %d", len(got.History), got.History[0].Try, got.Attempt)
		}
	})
}
