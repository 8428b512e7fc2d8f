package dispatch

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/worker"
)

func TestDetachInMidTask(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	h.d.DetachWorker("w", 1, lifecycle.DetachDied, "killed by a signal")
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 2, Pool: "p", URL: url, Slots: 1})
	got := h.mustWait(one.ID)
	if got.State != task.Completed || got.Attempt != 2 || len(got.History) != 2 {
		t.Fatalf("%s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
	first, second := got.History[0], got.History[1]
	if first.Incarnation != 1 || first.Outcome != task.OutcomeLost || first.Error != "killed by a signal" ||
		second.Incarnation != 2 || second.Outcome != task.OutcomeCompleted {
		t.Errorf("history %+v", got.History)
	}
}

func TestAttemptsUsedUpByDeaths(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	one := h.mustSubmit(task.Request{Pool: "p"})
	for n := 1; n <= 2; n++ {
		url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{g.handler("g")}})
		h.attachConnected(Attachment{GUID: "w", Incarnation: n, Pool: "p", URL: url, Slots: 1})
		g.next(t)
		h.d.DetachWorker("w", n, lifecycle.DetachDied, "killed")
	}
	if got := h.mustWait(one.ID); got.State != task.Dead || len(got.History) != 2 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "w", 2, g.handler("g"))
	drained := observation{"drained", "w", 1}
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	h.d.DrainWorker("w", 1)
	two := h.mustSubmit(task.Request{Pool: "p"})
	h.runInLoop(func() {})
	if got, _ := h.d.Get(h.ctx, two.ID); got.State != task.Queued {
		t.Errorf("a draining worker was given a task: %+v", got.History)
	}
	if h.observer.count(drained) != 0 {
		t.Error("drained with a task running")
	}
	g.let()
	h.mustWait(one.ID)
	h.observer.waitFor(t, drained)
	h.attachWorker("p", "x", 1, echo)
	h.mustWait(two.ID)
	h.d.DrainWorker("x", 1) // idle: reported at once
	h.observer.waitFor(t, observation{"drained", "x", 1})
	h.d.DrainWorker("unknown", 7) // unknown: reported at once
	h.observer.waitFor(t, observation{"drained", "unknown", 7})
}

// A task is not charged when its worker was asked to drain and ended before the
// task did.
func TestDrainCutShortCostsNoAttempt(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	h.d.DrainWorker("w", 1)
	h.d.DetachWorker("w", 1, lifecycle.DetachRequested, "stopped")
	h.attachWorker("p", "x", 1, echo)
	if got := h.mustWait(one.ID); got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != task.OutcomeReleased {
		t.Errorf("%s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
}

func TestOverdueAndBack(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	s := newDingSlave(t)
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Ding: true, Open: true, Span: 200 * time.Millisecond, Tolerance: patience})
	h.observer.waitFor(t, observation{"connected", "w", 1})
	h.observer.waitFor(t, observation{"overdue", "w", 1}) // it has sent no heartbeat yet
	one := h.mustSubmit(task.Request{Pool: "p", Data: rawJSON(`{}`)})
	h.runInLoop(func() {})
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Queued {
		t.Errorf("an overdue worker was given a task")
	}
	stop := s.sendHeartbeats(20 * time.Millisecond)
	h.observer.waitFor(t, observation{"beating", "w", 1})
	if got := h.mustWait(one.ID); got.State != task.Completed {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
	stop()
	h.observer.waitForCount(t, observation{"overdue", "w", 1}, 2)
}

// A worker that sends heartbeats without listing its task has forgotten the
// task.
func TestLeaseLapsesWhenTheWorkerForgets(t *testing.T) {
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	s := newDingSlave(t)
	s.answer(`{"slots":1,"protocol":1,"incarnation":1}`)
	s.beatBody.Store(`{"incarnation":1,"running":[],"rss":4096}`)
	s.mute.Store(true) // it takes the task and never lists it
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Open: true, Span: time.Minute, Tolerance: 100 * time.Millisecond})
	h.observer.waitFor(t, observation{"connected", "w", 1})
	defer s.sendHeartbeats(20 * time.Millisecond)()
	got := h.mustEnd(task.Request{Pool: "p"}, task.Dead)
	if len(got.History) != 2 || got.History[0].Outcome != task.OutcomeLost || got.History[1].Outcome != task.OutcomeLost {
		t.Errorf("history %+v", got.History)
	}
}

// A worker that lists the task keeps the lease for any time, and the record
// shows the progress that it reports.
func TestLeaseIsRenewedByHeartbeats(t *testing.T) {
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	s := newDingSlave(t)
	s.answer(`{"slots":1,"protocol":1,"incarnation":1}`)
	s.mute.Store(true)
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Open: true, Span: time.Minute, Tolerance: 1500 * time.Millisecond})
	h.observer.waitFor(t, observation{"connected", "w", 1})
	one := h.mustSubmit(task.Request{Pool: "p"})
	s.beatBody.Store(`{"incarnation":1,"running":[{"id":"` + one.ID.String() + `","attempt":1,"seq":3,"progress":{"done":7}}]}`)
	defer s.sendHeartbeats(20 * time.Millisecond)()
	h.waitUntil(one.ID, "shows progress", func(t task.Task) bool { return string(t.Progress) == `{"done":7}` })
	var p *workerConn
	h.runInLoop(func() { p = h.d.workers[workerID{"w", 1}] })
	for renewed := false; !renewed; {
		h.runInLoop(func() {
			r := p.running[one.ID]
			if r == nil {
				t.Fatal("the lease lapsed")
			}
			renewed = r.lastListed.Sub(r.began) > p.Tolerance
		})
		s.waitConnected(t) // the next heartbeat
	}
	s.reportResult(t, one.ID.String(), `{"ok":true}`)
	if got := h.mustWait(one.ID); got.State != task.Completed {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
}

func TestAWorkerThatLostItsSessionIsReconnected(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	w := h.attachWorker("p", "w", 2, echo)
	h.mustEnd(task.Request{Pool: "p"}, task.Completed)
	h.disconnectWorker(w)
	for range 5 {
		if got := h.mustEnd(task.Request{Pool: "p"}, task.Completed); got.Attempt != 1 {
			t.Errorf("attempt %d, %+v", got.Attempt, got.History)
		}
	}
	h.observer.waitForCount(t, observation{"connected", "w", 1}, 2)
}

func TestMeasured(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Recycle: 3})
	for range 3 {
		h.mustEnd(task.Request{Pool: "p"}, task.Completed)
	}
	h.observer.mu.Lock()
	defer h.observer.mu.Unlock()
	if n := h.observer.ended["w"]; n != 3 {
		t.Errorf("told %d ended tasks, want 3 at once", n)
	}
}

// With a limit of memory the observer hears of every task at once, so that the memory
// is measured before the worker has done many more.
func TestMeasuredAfterEveryTask(t *testing.T) {
	h := newTestDispatcher(t, newPool("p"))
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Span: time.Minute, ReportEachTask: true})
	for want := 1; want <= 3; want++ {
		h.mustEnd(task.Request{Pool: "p"}, task.Completed)
		h.observer.mu.Lock()
		if n := h.observer.ended["w"]; n != want {
			t.Errorf("told %d ended tasks, want %d at once", n, want)
		}
		h.observer.mu.Unlock()
	}
}

// A task that never reached its worker is not charged for the worker's death.
func TestDeathBeforeDeliveryCostsNothing(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	url, stop := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Span: time.Minute})
	stop()
	h.useWebhook("w")
	h.d.http.CloseIdleConnections() // a write to an old connection could succeed
	one := h.mustSubmit(task.Request{Pool: "p"})
	h.mustBe(one.ID, task.Running)
	for gone := false; !gone && h.ctx.Err() == nil; {
		h.runInLoop(func() { // between two tries
			if !h.d.workers[workerID{"w", 1}].running[one.ID].reached.Load() {
				detachMessage{workerID{"w", 1}, lifecycle.DetachDied, "exited"}.applyMessage(h.d, time.Now())
				gone = true
			}
		})
	}
	h.attachWorker("p", "x", 1, echo)
	if got := h.mustWait(one.ID); got.State != task.Completed || got.Attempt != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
}
