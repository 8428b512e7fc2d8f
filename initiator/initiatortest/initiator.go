package initiatortest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"initiator/initiator"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// Initiator is a running initiator and the test that it belongs to. Call and Stop
// replace the methods of the embedded initiator: they fail the test, and Stop ends
// the whole initiator. A subtest uses the result of With. A method that fails the
// test in another goroutine than the test's returns a zero value.
type Initiator struct {
	*initiator.Initiator
	*run
	t         testing.TB
	goroutine string // of the test
}

// run is one Run of an initiator. A subtest shares it with its test.
type run struct {
	out    *output
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // of Run; set before ended is closed
}

// Call runs one task and returns its result. The test fails when the task does not
// complete.
func (in *Initiator) Call(pool, data string) string {
	in.t.Helper()
	got, err := in.awaitTask(task.Request{Pool: pool, Data: json.RawMessage(data)})
	switch {
	case err != nil:
		in.failTest("task for %s: %v", pool, err)
	case got.State != task.Completed:
		in.failTest("task for %s is %s: %s %s", pool, got.State, got.Reason, got.Result)
	}
	return string(got.Result)
}

// RunTask submits a task and returns its terminal record.
func (in *Initiator) RunTask(r task.Request) task.Task {
	in.t.Helper()
	got, err := in.awaitTask(r)
	if err != nil {
		in.failTest("task for %s: %v", r.Pool, err)
	}
	return got
}

// awaitTask submits a task and waits for its end.
func (in *Initiator) awaitTask(r task.Request) (task.Task, error) {
	ctx, cancel := context.WithTimeout(in.t.Context(), Patience)
	defer cancel()
	got, err := in.Submit(ctx, r)
	if err != nil {
		return got, err
	}
	return in.Wait(ctx, got.ID)
}

// Worker returns the first worker of a definition; the test fails when there
// is none.
func (in *Initiator) Worker(name string) report.Worker {
	in.t.Helper()
	for _, w := range in.Workers() {
		if w.Name == name || w.GUID == name {
			return w
		}
	}
	in.failTest("there is no worker of %s", name)
	return report.Worker{}
}

// WaitFor waits until a worker of a definition is as the test wants it, and returns
// it. What describes the wanted state for the message of a failure.
func (in *Initiator) WaitFor(name, what string, is func(report.Worker) bool) report.Worker {
	in.t.Helper()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	for {
		_, more := in.Events(^uint64(0))
		for _, w := range in.Workers() {
			if (w.Name == name || w.GUID == name) && is(w) {
				return w
			}
		}
		select {
		case <-more:
		case <-patience.C:
			in.failTest("%s is not %s; it is %+v", name, what, in.Worker(name))
			return report.Worker{}
		case <-in.ended:
			in.failTest("%s is not %s: the initiator has ended: %v", name, what, in.err)
			return report.Worker{}
		}
	}
}

// Stop ends the initiator before the test ends, and returns Run's error.
func (in *Initiator) Stop() error {
	in.t.Helper()
	in.cancel()
	select {
	case <-in.ended:
	case <-time.After(Patience):
		in.t.Errorf("the initiator does not stop and is killed")
		in.Kill()
		<-in.ended
	}
	return in.err
}

func (in *Initiator) endTest() {
	if err := in.Stop(); err != nil {
		in.t.Errorf("the initiator ended with: %v", err)
	}
	if in.t.Failed() {
		in.t.Logf("what the initiator wrote:\n%s", in.out)
		in.showLogs()
	}
}
