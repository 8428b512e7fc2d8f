package initiatortest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"initiator/initiator"
	"initiator/initiator/task"
	"initiator/internal/supervise"
)

// Initiator is a running initiator and the test that it belongs to.
type Initiator struct {
	*initiator.Initiator
	t      testing.TB
	out    *output
	cancel context.CancelFunc
	ended  chan struct{}
	err    error
}

// Call runs one task and returns its result; the test fails when the task does
// not complete.
func (h *Initiator) Call(pool, data string) string {
	h.t.Helper()
	got := h.RunTask(task.Request{Pool: pool, Data: json.RawMessage(data)})
	if got.State != task.Completed {
		h.t.Fatalf("task for %s is %s: %s %s", pool, got.State, got.Reason, got.Result)
	}
	return string(got.Result)
}

// RunTask submits a task and returns its terminal record.
func (h *Initiator) RunTask(r task.Request) task.Task {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), Patience)
	defer cancel()
	got, err := h.Submit(ctx, r)
	if err == nil {
		got, err = h.Wait(ctx, got.ID)
	}
	if err != nil {
		h.t.Fatalf("task for %s: %v", r.Pool, err)
	}
	return got
}

// Worker returns the first worker of a definition; the test fails when there
// is none.
func (h *Initiator) Worker(name string) supervise.Worker {
	h.t.Helper()
	for _, w := range h.Workers() {
		if w.Name == name || w.GUID == name {
			return w
		}
	}
	h.t.Fatalf("there is no worker of %s", name)
	return supervise.Worker{}
}

// WaitFor waits for a worker to be as the test wants it, and returns it so.
func (h *Initiator) WaitFor(name, what string, is func(supervise.Worker) bool) supervise.Worker {
	h.t.Helper()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	for {
		_, more := h.Events(^uint64(0))
		for _, w := range h.Workers() {
			if (w.Name == name || w.GUID == name) && is(w) {
				return w
			}
		}
		select {
		case <-more:
		case <-patience.C:
			h.t.Fatalf("%s did not come to be %s; it is %+v", name, what, h.Worker(name))
		case <-h.ended:
			h.t.Fatalf("%s did not come to be %s: the initiator has ended: %v", name, what, h.err)
		}
	}
}

// Stop ends the initiator before the test ends, and returns Run's error.
func (h *Initiator) Stop() error {
	h.t.Helper()
	h.cancel()
	select {
	case <-h.ended:
	case <-time.After(Patience):
		h.t.Errorf("the initiator does not stop; it is killed")
		h.Kill()
		<-h.ended
	}
	return h.err
}

func (h *Initiator) endTest() {
	if err := h.Stop(); err != nil {
		h.t.Errorf("the initiator ended with: %v", err)
	}
	if h.t.Failed() {
		h.t.Logf("what the initiator wrote:\n%s", h.out)
		h.showLogs()
	}
}
