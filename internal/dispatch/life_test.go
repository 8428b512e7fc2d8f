package dispatch

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/worker"
)

func TestDetachInMidTask(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	h.worker("p", "w", 1, g.handler("g"))
	one := h.submit(task.Request{Pool: "p"})
	g.next(t)
	h.d.DetachWorker("w", 1, "killed by a signal")
	url, _ := h.start(worker.Options{Handlers: []worker.Handler{echo}})
	h.attach(Attachment{GUID: "w", Incarnation: 2, Pool: "p", URL: url, Slots: 1})
	got := h.wait(one.ID)
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
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	one := h.submit(task.Request{Pool: "p"})
	for n := 1; n <= 2; n++ {
		url, _ := h.start(worker.Options{Handlers: []worker.Handler{g.handler("g")}})
		h.attach(Attachment{GUID: "w", Incarnation: n, Pool: "p", URL: url, Slots: 1})
		g.next(t)
		h.d.DetachWorker("w", n, "killed")
	}
	if got := h.wait(one.ID); got.State != task.Dead || len(got.History) != 2 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
}

func TestDrain(t *testing.T) {
	h := newHouse(t, def("p"))
	g := newGate(h)
	h.worker("p", "w", 2, g.handler("g"))
	drained := verdict{"drained", "w", 1}
	one := h.submit(task.Request{Pool: "p"})
	g.next(t)
	h.d.DrainWorker("w", 1)
	two := h.submit(task.Request{Pool: "p"})
	h.inLoop(func() {})
	if got, _ := h.d.Get(h.ctx, two.ID); got.State != task.Queued {
		t.Errorf("a draining worker was given a task: %+v", got.History)
	}
	if h.verdicts.count(drained) != 0 {
		t.Error("drained with a task running")
	}
	g.let()
	h.wait(one.ID)
	h.verdicts.await(t, drained)
	h.worker("p", "x", 1, echo)
	h.wait(two.ID)
	h.d.DrainWorker("x", 1) // idle: at once
	h.verdicts.await(t, verdict{"drained", "x", 1})
	h.d.DrainWorker("nobody", 7) // unknown: at once
	h.verdicts.await(t, verdict{"drained", "nobody", 7})
}

// A worker that was asked to drain and is ended before its task has is not the
// task's fault.
func TestDrainCutShortCostsNoAttempt(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	h.worker("p", "w", 1, g.handler("g"))
	one := h.submit(task.Request{Pool: "p"})
	g.next(t)
	h.d.DrainWorker("w", 1)
	h.d.DetachWorker("w", 1, "stopped")
	h.worker("p", "x", 1, echo)
	if got := h.wait(one.ID); got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != task.OutcomeReleased {
		t.Errorf("%s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
}

func TestOverdueAndBack(t *testing.T) {
	h := newHouse(t, def("p"))
	s := newSlave(t)
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Ding: true, Open: true, Span: 200 * time.Millisecond, Tolerance: patience})
	h.verdicts.await(t, verdict{"connected", "w", 1})
	h.verdicts.await(t, verdict{"overdue", "w", 1}) // it has not beaten yet
	one := h.submit(task.Request{Pool: "p", Data: raw(`{}`)})
	h.inLoop(func() {})
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Queued {
		t.Errorf("an overdue worker was given a task")
	}
	stop := s.beats(20 * time.Millisecond)
	h.verdicts.await(t, verdict{"beating", "w", 1})
	if got := h.wait(one.ID); got.State != task.Completed {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
	stop()
	h.verdicts.awaitN(t, verdict{"overdue", "w", 1}, 2)
}

// A worker that beats and does not name its task has forgotten it.
func TestLeaseLapsesWhenTheWorkerForgets(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	s := newSlave(t)
	s.answer(`{"slots":1,"protocol":1,"incarnation":1}`)
	s.beatBody.Store(`{"incarnation":1,"running":[],"rss":4096}`)
	s.mute.Store(true) // it takes the task and never speaks of it
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Open: true, Span: time.Minute, Tolerance: 100 * time.Millisecond})
	h.verdicts.await(t, verdict{"connected", "w", 1})
	defer s.beats(20 * time.Millisecond)()
	got := h.ends(task.Request{Pool: "p"}, task.Dead)
	if len(got.History) != 2 || got.History[0].Outcome != task.OutcomeLost || got.History[1].Outcome != task.OutcomeLost {
		t.Errorf("history %+v", got.History)
	}
}

// One that names it keeps its lease, however long that takes, and what it says
// of its progress shows in the record.
func TestLeaseIsRenewedByHeartbeats(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	s := newSlave(t)
	s.answer(`{"slots":1,"protocol":1,"incarnation":1}`)
	s.mute.Store(true)
	h.d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Open: true, Span: time.Minute, Tolerance: 1500 * time.Millisecond})
	h.verdicts.await(t, verdict{"connected", "w", 1})
	one := h.submit(task.Request{Pool: "p"})
	s.beatBody.Store(`{"incarnation":1,"running":[{"id":"` + one.ID.String() + `","attempt":1,"seq":3,"progress":{"done":7}}]}`)
	defer s.beats(20 * time.Millisecond)()
	h.until(one.ID, "shows progress", func(t task.Task) bool { return string(t.Progress) == `{"done":7}` })
	var p *workerConn
	h.inLoop(func() { p = h.d.workers[workerID{"w", 1}] })
	for renewed := false; !renewed; {
		h.inLoop(func() {
			r := p.running[one.ID]
			if r == nil {
				t.Fatal("the lease lapsed")
			}
			renewed = r.lastListed.Sub(r.began) > p.Tolerance
		})
		s.await(t) // the next heartbeat
	}
	s.put(t, one.ID.String(), `{"ok":true}`)
	if got := h.wait(one.ID); got.State != task.Completed {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
}

func TestWorkerThatLostItsSessionIsConnectedAnew(t *testing.T) {
	h := newHouse(t, def("p"))
	w := h.worker("p", "w", 2, echo)
	h.ends(task.Request{Pool: "p"}, task.Completed)
	h.disconnect(w)
	for range 5 {
		if got := h.ends(task.Request{Pool: "p"}, task.Completed); got.Attempt != 1 {
			t.Errorf("attempt %d, %+v", got.Attempt, got.History)
		}
	}
	h.verdicts.awaitN(t, verdict{"connected", "w", 1}, 2)
}

func TestMeasured(t *testing.T) {
	h := newHouse(t, def("p"))
	url, _ := h.start(worker.Options{Handlers: []worker.Handler{echo}})
	h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Recycle: 3})
	for range 3 {
		h.ends(task.Request{Pool: "p"}, task.Completed)
	}
	h.verdicts.mu.Lock()
	defer h.verdicts.mu.Unlock()
	if n := h.verdicts.ended["w"]; n != 3 {
		t.Errorf("told %d ended tasks, want 3 at once", n)
	}
}

// A task that never came as far as its worker has nothing to pay for the
// worker's death.
func TestDeathBeforeDeliveryCostsNothing(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	url, stop := h.start(worker.Options{Handlers: []worker.Handler{echo}})
	h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Span: time.Minute})
	stop()
	h.byWebhook("w")
	h.d.http.CloseIdleConnections() // on an old connection it might seem to be sent
	one := h.submit(task.Request{Pool: "p"})
	h.is(one.ID, task.Running)
	for gone := false; !gone && h.ctx.Err() == nil; {
		h.inLoop(func() { // between two tries
			if !h.d.workers[workerID{"w", 1}].running[one.ID].reached.Load() {
				detachMessage{workerID{"w", 1}, "exited"}.applyMessage(h.d, time.Now())
				gone = true
			}
		})
	}
	h.worker("p", "x", 1, echo)
	if got := h.wait(one.ID); got.State != task.Completed || got.Attempt != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
}
