package dispatch

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/worker"
)

// TestChooseTrial has one case for each rule of chooseTrial.
func TestChooseTrial(t *testing.T) {
	for name, c := range map[string]struct {
		list    []trialView
		current int
		want    int
	}{
		"no worker":                             {nil, -1, -1},
		"no usable worker":                      {[]trialView{{running: 1}}, -1, -1},
		"the worker with the fewest tasks":      {[]trialView{{usable: true, running: 3}, {usable: true, running: 1}, {usable: true, running: 2}}, -1, 1},
		"the present trial worker among equals": {[]trialView{{usable: true, running: 1}, {usable: true, running: 1}}, 1, 1},
		"another worker with fewer tasks":       {[]trialView{{usable: true}, {usable: true, running: 1}}, 1, 0},
		"the worker that runs suspects":         {[]trialView{{usable: true}, {running: 2, suspects: 1}}, -1, 1},
	} {
		if got := chooseTrial(c.list, c.current); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestSuspectFits has one case for each rule of suspectFits.
func TestSuspectFits(t *testing.T) {
	for name, c := range map[string]struct {
		group, smallest int
		in              trialView
		want            bool
	}{
		"an empty worker":                    {1, 0, trialView{usable: true}, true},
		"a worker that gets no tasks":        {1, 0, trialView{}, false},
		"beside an ordinary task":            {4, 0, trialView{usable: true, running: 1}, false},
		"beside a suspect and another task":  {4, 4, trialView{usable: true, running: 2, suspects: 1}, false},
		"beside suspects":                    {4, 4, trialView{usable: true, running: 3, suspects: 3}, true},
		"the group of the others is full":    {4, 2, trialView{usable: true, running: 2, suspects: 2}, false},
		"its own group is full":              {2, 4, trialView{usable: true, running: 2, suspects: 2}, false},
		"no free slot":                       {9, 9, trialView{usable: true, running: 4, suspects: 4}, false},
		"alone, and the worker is not empty": {1, 4, trialView{usable: true, running: 1, suspects: 1}, false},
	} {
		if got := suspectFits(c.group, c.smallest, c.in, 4); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Suspects wait for one worker, while another worker goes on with ordinary tasks.
// A suspect that has run for long enough is an ordinary task again.
func TestOtherWorkersGoOn(t *testing.T) {
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "a", 2, g.handler("g"))
	one, two := h.mustSubmit(task.Request{Pool: "p"}), h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	g.next(t)
	h.d.DetachWorker("a", 1, lifecycle.DetachDied, "exit code 3")
	for _, id := range []task.Task{one, two} {
		got := h.mustBe(id.ID, task.Queued)
		if got.Suspicion.Group != 1 || got.Suspicion.Times != 1 || got.Attempt != 0 || got.LastOutcome() != task.OutcomeSuspected ||
			got.Reason != "suspected: exit code 3; its worker ran 2 tasks, and each may be the reason; the attempt does not count, and it will run alone" {
			t.Errorf("%+v", got)
		}
	}
	h.attachConnected(Attachment{GUID: "b", Incarnation: 1, Pool: "p", URL: h.newWorkerURL(g), Slots: 4})
	alone := g.next(t)
	third := h.mustSubmit(task.Request{Pool: "p"})
	h.runInLoop(func() {
		if p := h.d.workers[workerID{"b", 1}]; len(p.running) != 1 {
			t.Errorf("beside a suspect that runs alone: %d tasks", len(p.running))
		}
		if got := h.d.CausingTask("b", 1); got != alone.ID {
			t.Errorf("CausingTask: %q, want %q", got, alone.ID)
		}
	})
	h.attachConnected(Attachment{GUID: "c", Incarnation: 1, Pool: "p", URL: h.newWorkerURL(g), Slots: 4})
	if got := g.next(t); got.ID != third.ID.String() {
		t.Errorf("%s runs, want the ordinary task", got.ID)
	}
	// After twice its running time the first suspect is cleared. Then the second
	// suspect gets the empty worker, or waits for one.
	for _, id := range []task.Task{one, two} {
		if id.ID.String() == alone.ID {
			h.waitUntil(id.ID, "is cleared", func(t task.Task) bool {
				return t.State == task.Running && !t.Suspicion.IsSuspect() && t.Suspicion.Times == 1
			})
		}
	}
	h.attachConnected(Attachment{GUID: "d", Incarnation: 1, Pool: "p", URL: h.newWorkerURL(g), Slots: 4})
	g.next(t)
	g.let()
	for _, id := range []task.Task{one, two, third} {
		if got := h.mustWait(id.ID); got.State != task.Completed || got.Attempt != 1 {
			t.Errorf("%+v", got)
		}
	}
	h.runInLoop(func() {
		if h.d.pools["p"].trial != nil || h.d.timers.Len() != 0 {
			t.Error("a trial worker or a timer is left")
		}
	})
}

func (h *testDispatcher) newWorkerURL(g *gate) string {
	url, _ := h.startWorkerProcess(worker.Options{Slots: 4, Handlers: []worker.Handler{g.handler("g")}})
	return url
}

// A suspect that a worker refuses is offered to another worker.
func TestRefusedSuspect(t *testing.T) {
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "a", 2, g.handler("g"))
	one, two := h.mustSubmit(task.Request{Pool: "p"}), h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	g.next(t)
	h.d.DetachWorker("a", 1, lifecycle.DetachDied, "exit code 3")
	h.mustBe(one.ID, task.Queued)
	refused := h.attachRefusingWorker("b", 1<<40, 10*time.Millisecond, echo)
	h.waitUntil(one.ID, "was offered", func(task.Task) bool { return refused.Load() > 0 })
	h.attachWorker("p", "c", 1, echo)
	for _, id := range []task.Task{one, two} {
		if got := h.mustWait(id.ID); got.State != task.Completed || got.Attempt != 1 {
			t.Errorf("%+v", got)
		}
	}
}

// Every end of a worker but its own death costs no attempt.
func TestEndsThatCostNothing(t *testing.T) {
	for cause, want := range map[lifecycle.DetachCause]task.Outcome{
		lifecycle.DetachRequested:   task.OutcomeReleased,
		lifecycle.DetachInterrupted: task.OutcomeInterrupted,
	} {
		h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
		g := newGate(h)
		h.attachWorker("p", "a", 2, g.handler("g"))
		one, two := h.mustSubmit(task.Request{Pool: "p"}), h.mustSubmit(task.Request{Pool: "p"})
		g.next(t)
		g.next(t)
		h.d.DetachWorker("a", 1, cause, "it has ended")
		h.attachWorker("p", "b", 2, echo)
		for _, id := range []task.Task{one, two} {
			if got := h.mustWait(id.ID); got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != want || got.History[0].Error != "it has ended" {
				t.Errorf("cause %d: %+v", cause, got)
			}
		}
	}
}
