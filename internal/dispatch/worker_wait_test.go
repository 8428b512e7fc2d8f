package dispatch

import (
	"context"
	"errors"
	"testing"

	"initiator/initiator/task"
)

// A worker whose wait is over gets the record as it is, as every other caller does.
func TestOverWaitOfAWorkerHasTheRecord(t *testing.T) {
	h := newTestDispatcher(t, Pool{Name: "p"})
	own := h.d.ForWorker(WorkerCaller{Pool: "p", GUID: "w", Incarnation: 1})
	one, err := own.Submit(h.ctx, task.Request{Pool: "p"})
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(h.ctx)
	cancel()
	for name, wait := range map[string]func() (task.Task, error){
		"Dispatcher":  func() (task.Task, error) { return h.d.Wait(over, one.ID) },
		"WorkerTasks": func() (task.Task, error) { return own.Wait(over, one.ID) },
	} {
		if got, err := wait(); got.ID != one.ID || got.State != task.Queued || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %s %s, %v", name, got.ID, got.State, err)
		}
	}
}
