package queue_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

func TestOneLiveTaskPerUniqueKey(t *testing.T) {
	everyQueue(t, queue.Retention{}, func(t *testing.T, q queue.Queue) {
		first := put(t, q, task.Request{Pool: "p", Unique: "u"})
		if again := put(t, q, task.Request{Pool: "p", Unique: "u"}); again != first {
			t.Error("a second live task has the same unique key")
		}
		if other := put(t, q, task.Request{Pool: "other", Unique: "u"}); other == first {
			t.Error("a unique key of another pool counts")
		}
		if _, err := q.CancelQueued(epoch, first, ""); err != nil {
			t.Fatal(err)
		}
		next := put(t, q, task.Request{Pool: "p", Unique: "u"})
		if next == first {
			t.Error("a task that has ended still holds its unique key")
		}
		if _, err := q.RetryTask(epoch, first); !errors.Is(err, task.ErrConflict) || !strings.Contains(err.Error(), next.String()) {
			t.Errorf("retry of a task whose unique key is taken: %v", err)
		}
	})
}

func TestCallbackIsPendingFromTheEndUntilItsDelivery(t *testing.T) {
	everyQueue(t, queue.Retention{Age: time.Second}, func(t *testing.T, q queue.Queue) {
		id := put(t, q, task.Request{Pool: "p", Callback: "http://127.0.0.1/told"})
		if len(q.PendingCallbacks()) != 0 {
			t.Error("the callback is pending before the end of the task")
		}
		ended, err := q.CancelQueued(epoch, id, "")
		if err != nil || ended.CallbackState != task.CallbackPending || !slices.Equal(q.PendingCallbacks(), []uuid.UUID{id}) {
			t.Fatalf("%+v, %v; pending %v", ended, err, q.PendingCallbacks())
		}
		settle(t, q)
		q.ExpireTasks(epoch.Add(time.Hour))
		if got := selected(t, q, task.Filter{State: task.Cancelled}); len(got.IDs) != 1 {
			t.Error("the task was dropped before its callback was delivered")
		}
		q.RecordCallback(id, epoch.Add(-time.Hour), task.CallbackDelivered) // an end before a retry
		if len(q.PendingCallbacks()) != 1 {
			t.Error("the delivery for an earlier end counts")
		}
		q.RecordCallback(id, ended.Ended, task.CallbackDelivered)
		if got, _ := q.FindTask(id); got.CallbackState != task.CallbackDelivered || len(q.PendingCallbacks()) != 0 {
			t.Errorf("%s, pending %v", got.CallbackState, q.PendingCallbacks())
		}
		settle(t, q)
		q.ExpireTasks(epoch.Add(2 * time.Hour))
		if _, ok := q.FindTask(id); ok {
			t.Error("the task was not dropped after its retention")
		}
	})
}

// settle commits and waits.
func settle(t *testing.T, q queue.Queue) {
	t.Helper()
	if err := q.(*queue.Engine).CommitAndWait(); err != nil {
		t.Fatal(err)
	}
}

// TestRelationsModel makes random tasks with unique keys, parents and callbacks,
// restarts the queue in between, and compares the relations with the tasks.
func TestRelationsModel(t *testing.T) {
	for name, open := range engines(queue.Retention{Count: 1 << 20, Age: 1 << 60}) {
		t.Run(name, func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { runRelations(t, open()) }) })
	}
}

func runRelations(t *rapid.T, open func() *queue.Engine) {
	m := &relationsModel{model: model{q: open(), open: open, now: epoch, leases: map[uuid.UUID]queue.Lease{}, ended: map[uuid.UUID]string{}}}
	t.Repeat(map[string]func(*rapid.T){
		"submit": m.submit, "lease": m.lease, "end": m.end, "cancel": m.model.cancel, "retry": m.model.retry,
		"recordCallback": m.recordCallback, "commit": m.commit, "reopen": m.reopen, "pass": m.pass, "": m.check,
	})
	if err := m.q.Close(); err != nil {
		t.Fatal(err)
	}
}

type relationsModel struct{ model }

func (m *relationsModel) submit(t *rapid.T) {
	r := task.Request{Pool: "p"} // the model leases only from this pool
	if u := rapid.IntRange(0, 3).Draw(t, "unique"); u > 0 {
		r.Unique = fmt.Sprint(u)
	}
	if rapid.Bool().Draw(t, "callback") {
		r.Callback = "http://127.0.0.1/"
	}
	if rapid.Bool().Draw(t, "child") && len(m.ids) > 0 {
		r.Parent = m.any(t)
	}
	made, err := queue.NewTask(r, m.now, task.Policy{Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	live := m.live(func(x task.Task) bool { return r.Unique != "" && x.Unique == r.Unique })
	kept, fresh, err := m.q.AddTask(made)
	switch {
	case err != nil:
		t.Fatal(err)
	case fresh != (len(live) == 0) || kept.Known == fresh:
		t.Fatalf("fresh %v, known %v, but live with that key: %v", fresh, kept.Known, live)
	case !fresh && kept.ID != live[0]:
		t.Fatalf("got %s instead of %s", kept.ID, live[0])
	case fresh:
		m.ids = append(m.ids, kept.ID)
	}
}

func (m *relationsModel) live(which func(task.Task) bool) (ids []uuid.UUID) {
	for _, id := range m.ids {
		if x, _ := m.q.FindTask(id); !x.State.Terminal() && which(x) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (m *relationsModel) recordCallback(t *rapid.T) {
	id := m.any(t)
	x, _ := m.q.FindTask(id)
	m.q.RecordCallback(id, x.Ended, task.CallbackDelivered)
}

func (m *relationsModel) check(t *rapid.T) {
	m.model.check(t)
	pending := map[uuid.UUID]bool{}
	for _, id := range m.q.PendingCallbacks() {
		pending[id] = true
	}
	for _, id := range m.ids {
		x, _ := m.q.FindTask(id)
		if want := x.State.Terminal() && x.Callback != "" && x.CallbackState != task.CallbackDelivered; want != pending[id] {
			t.Fatalf("%s is %s, callback %q: pending %v", id, x.State, x.CallbackState, pending[id])
		}
		want := m.live(func(c task.Task) bool { return c.Parent == id })
		if got := m.q.LiveChildren(id); !sameIDs(got, want) {
			t.Fatalf("children of %s: %v, want %v", id, got, want)
		}
	}
}

func sameIDs(a, b []uuid.UUID) bool {
	order := func(x, y uuid.UUID) int { return slices.Compare(x[:], y[:]) }
	slices.SortFunc(a, order)
	slices.SortFunc(b, order)
	return slices.Equal(a, b)
}
