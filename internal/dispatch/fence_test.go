package dispatch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/proactor"
)

// mutes are two workers of the extended contract that take tasks and never
// end them, so that the test can report what it likes in their names.
func (h *house) mutes(guids ...string) (tokens []string) {
	h.t.Helper()
	for _, guid := range guids {
		s := newSlave(h.t)
		s.answer(`{"slots":2,"protocol":1,"incarnation":1}`)
		s.mute.Store(true)
		h.attach(Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: s.url, Slots: 2, Span: time.Minute})
		s.mu.Lock()
		tokens = append(tokens, s.token)
		s.mu.Unlock()
	}
	return tokens
}

func result(id uuid.UUID, attempt int, result string) proactor.ResultBody {
	return proactor.ResultBody{Task: proactor.TaskRef{ID: id.String(), Attempt: attempt}, Result: raw(result)}
}

func TestResultsAreFenced(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 3}})
	tokens := h.mutes("a", "b")
	one := h.submit(task.Request{Pool: "p"})
	two := h.submit(task.Request{Pool: "p"})
	first := h.is(one.ID, task.Running)
	h.is(two.ID, task.Running)
	mine, other := tokens[0], tokens[1]
	if first.History[0].Worker == "b" {
		mine, other = other, mine
	}
	for name, f := range map[string]func() error{
		"another worker's task": func() error { return h.d.RecordResult(h.ctx, other, false, result(one.ID, 1, `1`)) },
		"a later attempt":       func() error { return h.d.RecordResult(h.ctx, mine, false, result(one.ID, 2, `2`)) },
		"an unknown task":       func() error { return h.d.RecordResult(h.ctx, mine, false, result(uuid.New(), 1, `3`)) },
	} {
		if err := f(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Running {
			t.Fatalf("%s ended it: %s", name, got.State)
		}
	}
	if err := h.d.RecordResult(h.ctx, "no such token", false, result(one.ID, 1, `4`)); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("unknown token: %v", err)
	}
	if err := h.d.RecordResult(h.ctx, mine, false, proactor.ResultBody{}); !errors.Is(err, ErrBadTask) {
		t.Errorf("no task: %v", err)
	}
	for n := range 3 { // the second and third change nothing
		if err := h.d.RecordResult(h.ctx, mine, n > 0, result(one.ID, 1, fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.wait(one.ID); got.State != task.Completed || string(got.Result) != "0" {
		t.Errorf("%s %s", got.State, got.Result)
	}
}

// The results of a superseded attempt and of a stale incarnation come late, in
// any order, and are never recorded.
func TestSupersededResults(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 3}})
	token := h.mutes("a")[0]
	one := h.submit(task.Request{Pool: "p"})
	h.is(one.ID, task.Running)
	retry := result(one.ID, 1, `{}`)
	retry.Retry = true
	if err := h.d.RecordResult(h.ctx, token, true, retry); err != nil {
		t.Fatal(err)
	}
	h.until(one.ID, "runs again", func(t task.Task) bool { return t.State == task.Running && t.Attempt == 2 })
	if err := h.d.RecordResult(h.ctx, token, false, result(one.ID, 1, `"late"`)); err != nil {
		t.Fatal(err)
	}
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Running {
		t.Fatalf("a superseded result made it %s", got.State)
	}
	h.d.DetachWorker("a", 1, "gone")
	h.mutes("b")
	// Its second attempt was paid for only if it had come as far as the worker.
	again := h.until(one.ID, "runs in b", func(t task.Task) bool {
		return t.State == task.Running && t.History[len(t.History)-1].Worker == "b"
	})
	if err := h.d.RecordResult(h.ctx, token, false, result(one.ID, again.Tries(), `"stale"`)); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("the token of a stale incarnation: %v", err)
	}
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Running {
		t.Errorf("a stale incarnation made it %s", got.State)
	}
}

func TestSessionsAreAsked(t *testing.T) {
	h := newHouse(t, def("p"))
	url := newSlave(t).url
	h.attach(Attachment{GUID: "w", Incarnation: 3, Pool: "p", URL: url, Channel: 7})
	var token string
	h.inLoop(func() { token = h.d.workers[workerID{"w", 3}].session.token })
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
		body := &proactor.HeartbeatBody{Incarnation: incarnation}
		if _, ok := h.d.RecordHeartbeat(token, body); ok != want {
			t.Errorf("the heartbeat of incarnation %d: %v", incarnation, ok)
		}
	}
	if _, ok := h.d.RecordHeartbeat("x", nil); ok {
		t.Error("a heartbeat without a session")
	}
	h.d.DetachWorker("w", 3, "gone")
	h.inLoop(func() {})
	if _, ok := h.d.RecordHeartbeat(token, nil); ok {
		t.Error("a heartbeat after the end of its session")
	}
}

// An attempt that is not ours is cancelled when it is named twice, because a
// list may be older than the result that made it wrong.
func TestStraysAreCancelled(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 3}})
	token := h.mutes("a")[0]
	stray := uuid.New()
	beat := func() []string {
		said := &proactor.HeartbeatBody{Incarnation: 1, Running: []proactor.RunningTask{{ID: stray.String(), Attempt: 1}, {ID: "no uuid"}}}
		answer, ok := h.d.RecordHeartbeat(token, said)
		h.inLoop(func() { h.d.checkHeartbeats(time.Now()) })
		if !ok || answer == nil {
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
	if got := beat(); len(got) != 1 || got[0] != stray.String() {
		t.Errorf("third: %v", got)
	}
	// That task itself does not go there meanwhile.
	one := h.submit(task.Request{Pool: "p", ID: stray})
	h.inLoop(func() {})
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Queued {
		t.Errorf("the task of a stray went to its worker")
	}
}

// broken is a queue that cannot keep the first leases.
type broken struct {
	*queue.Engine
	leases int // that will not be kept
	fails  bool
}

func (b *broken) Next(now time.Time, pool, guid string, n int, skip func(uuid.UUID) bool) (task.Task, bool) {
	t, ok := b.Engine.LeaseNext(now, pool, guid, n, skip)
	if ok && b.leases > 0 {
		b.leases--
		b.fails = true
	}
	return t, ok
}

func (b *broken) Commit(told func(error)) {
	if b.fails {
		b.fails = false
		told(errors.New("disk full"))
		return
	}
	b.Engine.Commit(told)
}

// A lease that is not kept is not sent but given back, and costs nothing.
func TestLeaseThatCannotBeKept(t *testing.T) {
	h := newHouseOver(t, &broken{Engine: queue.NewMemory(queue.Retention{}), leases: 1}, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	g.let()
	one := h.submit(task.Request{Pool: "p"})
	h.worker("p", "w", 1, g.handler("g"))
	got := h.wait(one.ID)
	if got.State != task.Completed || got.Attempt != 1 || len(got.History) != 2 || len(g.began) != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
	if !strings.Contains(got.History[0].Error, "disk full") {
		t.Errorf("%+v", got.History[0])
	}
}
