package dispatch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/queue"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// listTasks returns a heartbeat that lists that many tasks.
func listTasks(n int) *webhook.HeartbeatBody {
	b := &webhook.HeartbeatBody{Incarnation: 1}
	for range n {
		b.Running = append(b.Running, webhook.RunningTask{ID: uuid.NewString(), Attempt: 1})
	}
	return b
}

func TestAHeartbeatListsAtMostTwoTasksPerSlot(t *testing.T) {
	for slots, most := range map[int]int{0: 1026, 1: 1026, 100: 1224, 10_000: 21_024} {
		b, err := newHeartbeat(listTasks(most), slots)
		if err != nil || len(b.running) != most {
			t.Errorf("%d slots, %d tasks: %v", slots, most, err)
		}
		if _, err := newHeartbeat(listTasks(most+1), slots); err == nil {
			t.Errorf("%d slots: %d tasks are accepted", slots, most+1)
		}
	}
	if got, most := maxHeartbeatBytes(bounds.Slots), int64(68<<20); got > most {
		t.Errorf("a heartbeat of the most slots may have %d bytes", got)
	}
}

// The heartbeats of one worker that lists as many stale attempts as it may stop
// neither the tasks of the others nor its own.
func TestManyStaleAttempts(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"), newPool("q"))
	const slots = 50_000
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "q", URL: "http://127.0.0.1:1", Slots: slots, Open: true})
	h.attachWorker("p", "good", 1, echo)
	var token string
	h.runInLoop(func() { token = h.d.workers[workerID{"w", 1}].session.token })
	said := listTasks(maxListed(slots))
	for range 3 {
		if _, err := h.d.RecordHeartbeat(token, said); err != nil {
			t.Fatal(err)
		}
		h.runInLoop(func() {
			p := h.d.workers[workerID{"w", 1}]
			h.d.applyHeartbeat(p, p.session.lastHeartbeat.Load(), time.Now())
		})
		h.mustEnd(task.Request{Pool: "p"}, task.Completed)
	}
	h.runInLoop(func() {
		if n := len(h.d.workers[workerID{"w", 1}].stale.twice); n != maxListed(slots) {
			t.Errorf("%d stale attempts", n)
		}
	})
	answer, err := h.d.RecordHeartbeat(token, said)
	if err != nil || len(answer.Cancel) != maxListed(slots) {
		t.Errorf("%d cancels, %v", len(answer.Cancel), err)
	}
}

func TestARefusedHeartbeatIsLoggedOnce(t *testing.T) {
	var text strings.Builder
	d := New(Options{Queue: queue.NewMemory(queue.Retention{}), Logger: hclog.New(&hclog.LoggerOptions{Output: &text})})
	conn := &workerConn{workerID: workerID{"w", 1}, pool: &pool{Pool: Pool{Name: "adder"}}}
	d.attached.Store(conn.workerID, conn)
	s := d.openWorkerSession(conn)
	for range 3 {
		if _, err := d.RecordHeartbeat(s.token, listTasks(2000)); err == nil {
			t.Error("it is accepted")
		}
	}
	if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "lists 2000 tasks; at most 1026") || !strings.Contains(got, "worker=adder guid=w incarnation=1") {
		t.Error(got)
	}
}

// A worker that answers with too many slots is not connected, and the log says why.
func TestTooManySlots(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	asked := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/connect" {
			webhook.Success.WriteAnswer(w, "", webhook.ConnectAnswer{Slots: bounds.Slots + 1, Protocol: proactor.Protocol})
			asked <- struct{}{}
			return
		}
		webhook.Success.WriteAnswer(w, "", nil)
	}))
	defer server.Close()
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: server.URL, Slots: 1, Open: true})
	for range 3 {
		<-asked
	}
	h.runInLoop(func() {
		if h.d.workers[workerID{"w", 1}].connected {
			t.Error("it is connected")
		}
	})
	h.stop()
}

// A round cancels a part of a family of tasks, and later rounds cancel the rest.
func TestTheChildrenOfATaskAreCancelledInSteps(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	root := h.mustSubmit(task.Request{Pool: "p"})
	const children, depth = 2 * cancelStep, 3 * cancelStep
	requests := make([]task.Request, 0, children+depth)
	for range children {
		requests = append(requests, task.Request{Pool: "p", Parent: root.ID})
	}
	parent := root.ID
	for range depth {
		id := uuid.New()
		requests = append(requests, task.Request{Pool: "p", ID: id, Parent: parent})
		parent = id
	}
	if _, err := h.d.SubmitMany(h.ctx, requests); err != nil {
		t.Fatal(err)
	}
	cancelled := func() (n int) {
		h.runInLoop(func() { n = h.d.opts.Queue.CountTasks()["p"][task.Cancelled] })
		return n
	}
	var first int
	h.runInLoop(func() {
		m := &loopRequest[task.Task]{done: make(chan struct{})}
		c := &treeCancel{request: m}
		c.addChildren(h.d, root.ID)
		c.applyMessage(h.d, time.Now())
		first = h.d.opts.Queue.CountTasks()["p"][task.Cancelled]
	})
	if first != cancelStep {
		t.Errorf("the first round cancelled %d tasks", first)
	}
	if got, err := h.d.Cancel(h.ctx, root.ID, "test"); err != nil || got.State != task.Cancelled {
		t.Errorf("%+v: %v", got, err)
	}
	for cancelled() < 1+children+depth && h.ctx.Err() == nil {
	}
	if n := cancelled(); n != 1+children+depth {
		t.Errorf("%d tasks are cancelled", n)
	}
}

// Many callers wait for one task and give up, and many watch it. Each costs the
// same.
func TestManyWaitersOfOneTask(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	one := h.mustSubmit(task.Request{Pool: "p"})
	const many = 100_000
	var ended sync.WaitGroup
	waits := make([]*AsyncWait, many)
	subscriptions := make([]*Subscription, many)
	ended.Add(2)
	for i := range waits {
		waits[i] = h.d.WaitAsync(one.ID, func(task.Task, error) { ended.Done() })
		subscriptions[i] = &Subscription{d: h.d, id: one.ID, wakeup: make(chan struct{}, 1)}
	}
	h.runInLoop(func() {
		for _, w := range subscriptions {
			h.d.subscribers.addSubscription(w)
		}
	})
	for i, w := range waits {
		if i != 0 && i != many/2 {
			w.Forget()
			subscriptions[i].Close()
		}
	}
	if _, err := h.d.Cancel(h.ctx, one.ID, "test"); err != nil {
		t.Fatal(err)
	}
	ended.Wait()
	h.runInLoop(func() {
		if len(h.d.waiters) != 0 || len(h.d.subscribers.tasks) != 0 {
			t.Errorf("%d waiters and %d subscriptions are left", len(h.d.waiters), len(h.d.subscribers.tasks))
		}
	})
}

func TestRemoveWaiter(t *testing.T) {
	d := New(Options{Queue: queue.NewMemory(queue.Retention{})})
	one := task.Task{ID: uuid.New(), State: task.Queued}
	list := make([]waiter, 4)
	for i := range list {
		d.addWaiter(one, &list[i])
	}
	for _, i := range []int{1, 3, 0, 2} { // in the middle, the first, the last, the only one
		if !d.removeWaiter(one.ID, &list[i]) || d.removeWaiter(one.ID, &list[i]) {
			t.Errorf("waiter %d", i)
		}
		left := 0
		for w := d.waiters[one.ID]; w != nil; w = w.next {
			left++
		}
		if want := map[int]int{1: 3, 3: 2, 0: 1, 2: 0}[i]; left != want {
			t.Errorf("after %d: %d are left, want %d", i, left, want)
		}
	}
	if len(d.waiters) != 0 {
		t.Error(d.waiters)
	}
}

func TestIsolation(t *testing.T) {
	var i isolation
	a, b, suspect, other := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	i.isolateTask(a, suspect)
	i.isolateTask(b, suspect)
	i.isolateTask(b, other)
	p := &workerConn{pool: &pool{isolated: i}, running: map[uuid.UUID]*attempt{a: {}}}
	for id, want := range map[uuid.UUID]bool{suspect: true, other: false, b: false, a: false} {
		if got := p.avoids(id); got != want {
			t.Errorf("%v: %v", id, got)
		}
	}
	p.running = map[uuid.UUID]*attempt{other: {}}
	if !p.avoids(b) || p.avoids(a) {
		t.Error("a task runs beside its crash suspect")
	}
	i.removeTask(a)
	i.removeTask(a)
	i.removeTask(b)
	if !i.isEmpty() || len(i.beside) != 0 {
		t.Errorf("%+v", i)
	}
}

// The results of a worker that arrive at the same time wait for each other, and so do
// its heartbeats. Heartbeats do not wait for results.
func TestBodiesOfAWorkerShareBudgets(t *testing.T) {
	var d Dispatcher
	d.sessions.Store("token", newWorkerSession(workerID{}, "token", 0, 1))
	now, cancel := context.WithCancel(t.Context())
	cancel()
	for _, reserve := range []func(context.Context, string, int64) (func(), error){d.ReserveResult, d.ReserveHeartbeat} {
		if _, err := reserve(now, "token", bounds.PeerBodies-1); err != nil {
			t.Error(err)
		}
		if _, err := reserve(now, "token", 2); !errors.Is(err, context.Canceled) {
			t.Errorf("beyond the budget: %v", err)
		}
		if _, err := reserve(now, "another", 1); !errors.Is(err, task.ErrNotFound) {
			t.Errorf("without a session: %v", err)
		}
	}
}
