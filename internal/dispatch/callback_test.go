package dispatch

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// callbackReceiver receives callbacks.
type callbackReceiver struct {
	*httptest.Server
	got chan receivedCallback
}

type receivedCallback struct {
	header http.Header
	body   []byte
	task   task.Task
}

// startCallbackReceiver answers the n-th callback, from 1, with status(n).
func startCallbackReceiver(t *testing.T, status func(n int) int) *callbackReceiver {
	t.Helper()
	r := &callbackReceiver{got: make(chan receivedCallback, 1000)}
	var n atomic.Int64
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		one := receivedCallback{header: q.Header, body: body}
		if err := json.Unmarshal(body, &one.task); err != nil {
			t.Errorf("the body is no record: %v: %s", err, body)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status(int(n.Add(1))))
		r.got <- one
	}))
	t.Cleanup(r.Close)
	return r
}

func alwaysStatus(status int) func(int) int { return func(int) int { return status } }

func (r *callbackReceiver) next(t *testing.T) receivedCallback {
	t.Helper()
	select {
	case one := <-r.got:
		return one
	case <-time.After(patience):
		t.Fatal("no callback arrived")
	}
	return receivedCallback{}
}

func isDelivered(t task.Task) bool { return t.CallbackState == task.CallbackDelivered }

func TestCallbackOfEachEnd(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", CallbackSecret: "key"}, Pool{Name: "empty", CallbackSecret: "key"})
	bad, _ := failingHandler("bad", 0)
	h.attachWorker("p", "w", 1, echo, bad)
	r := startCallbackReceiver(t, alwaysStatus(204))
	in := func(x task.Request) task.Request { x.Callback = r.URL + "/told?a=b"; return x }
	waits := h.mustSubmit(in(task.Request{Pool: "empty"}))
	if _, err := h.d.Cancel(h.ctx, waits.ID, "no"); err != nil {
		t.Fatal(err)
	}
	want := map[task.State]string{
		task.Cancelled: waits.ID.String(),
		task.Completed: h.mustSubmit(in(task.Request{Pool: "p.echo", Data: rawJSON(`"<>"`)})).ID.String(),
		task.Failed:    h.mustSubmit(in(task.Request{Pool: "p.bad"})).ID.String(),
	}
	for range 3 {
		one := r.next(t)
		if id := one.task.ID.String(); want[one.task.State] != id || one.header.Get(HeaderTask) != id || one.task.CallbackState != "" {
			t.Errorf("called with %s", one.body)
		}
		if got := one.header.Get(HeaderSignature); got != SignCallback("key", one.body) {
			t.Errorf("signature %q of %s", got, one.body)
		}
		h.waitUntil(one.task.ID, "is delivered", isDelivered)
	}
}

// A wait for a task that has ended sends no second callback while the first is under
// way.
func TestWaitSendsNoCallback(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 1, echo)
	answer := make(chan struct{})
	r := startCallbackReceiver(t, func(int) int { <-answer; return http.StatusOK })
	one := h.mustEnd(task.Request{Pool: "p", Callback: r.URL}, task.Completed)
	for range 10 {
		if _, err := h.d.Wait(h.ctx, one.ID); err != nil {
			t.Error(err)
		}
	}
	close(answer)
	r.next(t)
	h.waitUntil(one.ID, "is delivered", isDelivered)
	h.mustEnd(task.Request{Pool: "p", Callback: r.URL}, task.Completed)
	if next := r.next(t); next.task.ID == one.ID {
		t.Error("the callback was sent again")
	}
}

// The vectors are those of RFC 4231, so that they can be checked elsewhere.
func TestSignCallback(t *testing.T) {
	t.Parallel()
	want := "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	if got := SignCallback("Jefe", []byte("what do ya want for nothing?")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCallbackIsTriedAgain(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 1, echo)
	r := startCallbackReceiver(t, func(n int) int { return []int{500, 302, 200}[min(n, 3)-1] })
	one := h.mustEnd(task.Request{Pool: "p", Callback: r.URL}, task.Completed)
	if one.CallbackState != task.CallbackPending {
		t.Errorf("at the end it is %q", one.CallbackState)
	}
	for range 3 {
		r.next(t)
	}
	h.waitUntil(one.ID, "is delivered", isDelivered)
	if n := len(r.got); n != 0 {
		t.Errorf("%d calls too many: a redirect is not followed, and one success is enough", n)
	}
}

func TestAnswerGoneEndsACallback(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 1, echo)
	r := startCallbackReceiver(t, alwaysStatus(410))
	one := h.mustEnd(task.Request{Pool: "p", Callback: r.URL}, task.Completed)
	got := h.waitUntil(one.ID, "is given up", func(t task.Task) bool { return t.CallbackState != task.CallbackPending })
	if got.CallbackState != "given up after 1: the receiver answered 410" {
		t.Errorf("%q", got.CallbackState)
	}
}

// A host that hangs uses up its own connections and delays no other host.
func TestAHostThatIsDownDelaysNoOtherCallback(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 4, echo)
	var open atomic.Int64
	var most atomic.Int64
	let := make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		for n := open.Add(1); n > most.Load(); {
			most.Store(n)
		}
		defer open.Add(-1)
		select {
		case <-let:
		case <-q.Context().Done():
		}
	}))
	t.Cleanup(hung.Close)
	t.Cleanup(func() { close(let) })
	for range 50 {
		h.mustEnd(task.Request{Pool: "p", Callback: hung.URL}, task.Completed)
	}
	r := startCallbackReceiver(t, alwaysStatus(200))
	one := h.mustEnd(task.Request{Pool: "p", Callback: r.URL}, task.Completed)
	r.next(t)
	h.waitUntil(one.ID, "is delivered", isDelivered)
	if n := most.Load(); n > callbacksPerHost {
		t.Errorf("the host that hangs is called by %d at once", n)
	}
}

func TestAPendingCallbackSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *queue.Engine {
		q, err := queue.Open(dir, queue.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	r := startCallbackReceiver(t, func(n int) int { return []int{503, 200}[min(n, 2)-1] })
	h := newTestDispatcherOver(t, open(), newPool("p"))
	h.attachWorker("p", "w", 1, echo)
	one := h.mustEnd(task.Request{Pool: "p", Callback: r.URL}, task.Completed)
	r.next(t)
	h.stop()
	h = newTestDispatcherOver(t, open(), newPool("p"))
	r.next(t)
	h.waitUntil(one.ID, "is delivered", isDelivered)
}

func TestCallbackDelaysGrow(t *testing.T) {
	t.Parallel()
	for try, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 11: 10 * time.Minute, 1000: 10 * time.Minute} {
		if got := callbackDelay(try, 0.5); got.Round(time.Millisecond) != want {
			t.Errorf("before try %d: %v, want %v", try+1, got, want)
		}
	}
	now := time.Now()
	late := callbackSentMessage{&pendingCallback{ended: now.Add(-callbackLifetime)}, &callbackRejectedError{500}}
	if again, state := late.decideRetry(now); again || state == task.CallbackDelivered {
		t.Errorf("after a day: again %v, %q", again, state)
	}
}
