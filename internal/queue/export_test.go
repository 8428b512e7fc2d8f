package queue_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
)

// TestExportImport exports tasks in every state, imports them into another queue,
// and imports them into the first queue again.
func TestExportImport(t *testing.T) {
	q, err := queue.Open("", queue.Options{Dir: storetest.New(1), CacheSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	ids := everyState(t, q)
	var first, second bytes.Buffer
	if err := q.ExportTasks(&first); err != nil {
		t.Fatal(err)
	}
	other := queue.NewMemory(queue.Retention{})
	if n, err := other.ImportLines(bytes.NewReader(first.Bytes()), failOnRefusal(t)); err != nil || n.Added != len(ids) {
		t.Fatalf("import: %+v, %v", n, err)
	}
	for state, id := range ids {
		want := state
		if state == task.Running {
			want = task.Queued
		}
		if got, _ := other.FindTask(id); got.State != want || string(got.Data) != `"`+string(state)+`"` {
			t.Errorf("%s came as %+v", state, got)
		}
	}
	if n, err := q.ImportLines(bytes.NewReader(first.Bytes()), failOnRefusal(t)); err != nil || n.Known != len(ids) {
		t.Errorf("again: %+v, %v", n, err)
	}
	if err := other.ExportTasks(&second); err != nil {
		t.Fatal(err)
	}
	if a, b := strings.Count(first.String(), "\n"), strings.Count(second.String(), "\n"); a != len(ids) || b != a {
		t.Errorf("%d and %d lines", a, b)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// everyState adds a task in each state. The data of a task is the name of its
// state.
func everyState(t *testing.T, q *queue.Engine) map[task.State][16]byte {
	t.Helper()
	kinds := map[task.State]task.Outcome{task.Completed: task.OutcomeCompleted, task.Failed: task.OutcomeFailed, task.Dead: task.OutcomeLost, task.Cancelled: task.OutcomeCancelled}
	ids := map[task.State][16]byte{}
	for _, s := range []task.State{task.Completed, task.Failed, task.Dead, task.Cancelled, task.Running, task.Queued} {
		made, err := queue.NewTask(task.Request{Pool: "p", Data: []byte(`"` + s + `"`), Key: string(s)}, time.Now(), task.Policy{Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := q.AddTask(made); err != nil {
			t.Fatal(err)
		}
		ids[s] = made.ID
		if s == task.Queued {
			continue
		}
		got, _ := q.LeaseNext(time.Now(), "p", "w", 1, nil)
		if l, _ := queue.LeaseOf(&got); s != task.Running {
			if _, err := q.EndAttempt(time.Now(), l, queue.AttemptOutcome{Outcome: kinds[s], Result: []byte("1")}, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := q.CommitAndWait(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// failOnRefusal returns a function for ImportLines that fails the test for a refused
// line.
func failOnRefusal(t *testing.T) func(int, error) {
	return func(line int, why error) { t.Errorf("line %d: %v", line, why) }
}
