package dispatch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// attachSilentWorkers attaches workers that take tasks and never end them. The
// test reports results in their names with the returned tokens.
func (h *testDispatcher) attachSilentWorkers(guids ...string) (tokens []string) {
	h.t.Helper()
	for _, guid := range guids {
		s := newDingSlave(h.t)
		s.answer(`{"slots":2,"protocol":1,"incarnation":1}`)
		s.mute.Store(true)
		h.attachConnected(Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: s.url, Slots: 2, Span: time.Minute})
		s.mu.Lock()
		tokens = append(tokens, s.token)
		s.mu.Unlock()
	}
	return tokens
}

func resultBody(id uuid.UUID, attempt int, result string) webhook.ResultBody {
	return webhook.ResultBody{Task: webhook.TaskRef{ID: id.String(), Attempt: attempt}, Result: rawJSON(result)}
}

func TestResultsAreFenced(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 3}})
	tokens := h.attachSilentWorkers("a", "b")
	one := h.mustSubmit(task.Request{Pool: "p"})
	two := h.mustSubmit(task.Request{Pool: "p"})
	first := h.mustBe(one.ID, task.Running)
	h.mustBe(two.ID, task.Running)
	mine, other := tokens[0], tokens[1]
	if first.History[0].Worker == "b" {
		mine, other = other, mine
	}
	for name, f := range map[string]func() error{
		"another worker's task": func() error { return h.d.RecordResult(h.ctx, other, false, resultBody(one.ID, 1, `1`)) },
		"a later attempt":       func() error { return h.d.RecordResult(h.ctx, mine, false, resultBody(one.ID, 2, `2`)) },
		"an unknown task":       func() error { return h.d.RecordResult(h.ctx, mine, false, resultBody(uuid.New(), 1, `3`)) },
	} {
		if err := f(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Running {
			t.Fatalf("%s ended it: %s", name, got.State)
		}
	}
	if err := h.d.RecordResult(h.ctx, "no such token", false, resultBody(one.ID, 1, `4`)); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("unknown token: %v", err)
	}
	if err := h.d.RecordResult(h.ctx, mine, false, webhook.ResultBody{}); !errors.Is(err, ErrBadTask) {
		t.Errorf("no task: %v", err)
	}
	for n := range 3 { // the repetitions change nothing
		if err := h.d.RecordResult(h.ctx, mine, n > 0, resultBody(one.ID, 1, fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.mustWait(one.ID); got.State != task.Completed || string(got.Result) != "0" {
		t.Errorf("%s %s", got.State, got.Result)
	}
}

// The results of a superseded attempt and of an old incarnation arrive late, in
// any order, and are never recorded.
func TestSupersededResults(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 3}})
	token := h.attachSilentWorkers("a")[0]
	one := h.mustSubmit(task.Request{Pool: "p"})
	h.mustBe(one.ID, task.Running)
	retry := resultBody(one.ID, 1, `{}`)
	retry.Retry = true
	if err := h.d.RecordResult(h.ctx, token, true, retry); err != nil {
		t.Fatal(err)
	}
	h.waitUntil(one.ID, "runs again", func(t task.Task) bool { return t.State == task.Running && t.Attempt == 2 })
	if err := h.d.RecordResult(h.ctx, token, false, resultBody(one.ID, 1, `"late"`)); err != nil {
		t.Fatal(err)
	}
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Running {
		t.Fatalf("a superseded result made it %s", got.State)
	}
	h.d.DetachWorker("a", 1, lifecycle.DetachDied, "gone")
	h.attachSilentWorkers("b")
	// The lost attempt is charged only if it reached the worker.
	again := h.waitUntil(one.ID, "runs in b", func(t task.Task) bool {
		return t.State == task.Running && t.History[len(t.History)-1].Worker == "b"
	})
	if err := h.d.RecordResult(h.ctx, token, false, resultBody(one.ID, again.Tries(), `"stale"`)); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("the token of a stale incarnation: %v", err)
	}
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Running {
		t.Errorf("a stale incarnation made it %s", got.State)
	}
}

func TestRequestsNeedASession(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	url := newDingSlave(t).url
	h.attachConnected(Attachment{GUID: "w", Incarnation: 3, Pool: "p", URL: url, Channel: 7})
	var token string
	h.runInLoop(func() { token = h.d.workers[workerID{"w", 3}].session.token })
	for _, c := range []struct {
		token          string
		channel        int
		allowed, known bool
	}{
		{token, 7, true, true},
		{token, 0, false, true},
		{"x", 7, true, false},
		{"x", 0, true, false},
		{"x", 1, false, false},
	} {
		if allowed, known := h.d.CheckChannel(c.token, c.channel); allowed != c.allowed || known != c.known {
			t.Errorf("%q %d: %v %v", c.token, c.channel, allowed, known)
		}
	}
	for incarnation, want := range map[int]bool{0: true, 3: true, 2: false, 4: false} {
		body := &webhook.HeartbeatBody{Incarnation: incarnation}
		if _, err := h.d.RecordHeartbeat(token, body); (err == nil) != want {
			t.Errorf("the heartbeat of incarnation %d: %v", incarnation, err)
		}
	}
	if _, err := h.d.RecordHeartbeat("x", nil); err == nil {
		t.Error("a heartbeat without a session")
	}
	h.d.DetachWorker("w", 3, lifecycle.DetachDied, "gone")
	h.runInLoop(func() {})
	if _, err := h.d.RecordHeartbeat(token, nil); err == nil {
		t.Error("a heartbeat after the end of its session")
	}
}

// An attempt that is not assigned is cancelled when a second heartbeat lists
// it, because the first list may be older than the result that ended it.
func TestStaleAttemptsAreCancelled(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 3}})
	token := h.attachSilentWorkers("a")[0]
	stale := uuid.New()
	beat := func() []string {
		said := &webhook.HeartbeatBody{Incarnation: 1, Running: []webhook.RunningTask{{ID: stale.String(), Attempt: 1}, {ID: "no uuid"}}}
		answer, err := h.d.RecordHeartbeat(token, said)
		h.runInLoop(func() { h.d.checkHeartbeats(time.Now()) })
		if err != nil || answer == nil {
			return nil
		}
		return answer.Cancel
	}
	if got := beat(); got != nil {
		t.Errorf("first: %v", got)
	}
	if got := beat(); got != nil {
		t.Errorf("second: %v", got)
	}
	if got := beat(); len(got) != 1 || got[0] != stale.String() {
		t.Errorf("third: %v", got)
	}
	// The task does not go to that worker meanwhile.
	one := h.mustSubmit(task.Request{Pool: "p", ID: stale})
	h.runInLoop(func() {})
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Queued {
		t.Errorf("a task went to the worker that runs a stale attempt at it")
	}
}

// failingQueue is a queue that cannot store the first leases.
type failingQueue struct {
	*queue.Engine
	leases int // how many leases fail
	fails  bool
}

// LeaseNext hides the method of the Engine. A test fails when a renaming misses it.
func (b *failingQueue) LeaseNext(now time.Time, pool, guid string, n int, skip func(uuid.UUID) bool) (task.Task, bool) {
	t, ok := b.Engine.LeaseNext(now, pool, guid, n, skip)
	if ok && b.leases > 0 {
		b.leases--
		b.fails = true
	}
	return t, ok
}

func (b *failingQueue) Commit(told func(error)) {
	if b.fails {
		b.fails = false
		told(errors.New("disk full"))
		return
	}
	b.Engine.Commit(told)
}

// A lease that is not stored is given back without a charge, and the task is
// not sent.
func TestALeaseThatCannotBeStoredIsGivenBack(t *testing.T) {
	t.Parallel()
	h := newTestDispatcherOver(t, &failingQueue{Engine: queue.NewMemory(queue.Retention{}), leases: 1}, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	g.let()
	one := h.mustSubmit(task.Request{Pool: "p"})
	h.attachWorker("p", "w", 1, g.handler("g"))
	got := h.mustWait(one.ID)
	if got.State != task.Completed || got.Attempt != 1 || len(got.History) != 2 || len(g.began) != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
	if !strings.Contains(got.History[0].Error, "disk full") {
		t.Errorf("%+v", got.History[0])
	}
}
