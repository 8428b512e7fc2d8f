package initiatortest

import (
	"context"
	"errors"
	"testing"
	"time"

	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/strictjson"
)

// Server is a running initiator and the test that it belongs to. Its methods fail the
// test instead of returning an error. A subtest uses the result of With. A method that
// fails the test in another goroutine than the test's returns a zero value. All
// methods may be called by any goroutine.
type Server struct {
	*lifetime
	t         testing.TB
	goroutine string // of the test
}

// Initiator returns the initiator that runs. Restart replaces it.
func (s *Server) Initiator() *initiator.Initiator { return s.currentRun().initiator }

// Client returns the client of the initiator that runs. Its methods return errors and do
// not fail the test.
func (s *Server) Client() *client.Client { return s.Initiator().Client() }

// Call runs one task and returns its result as JSON. The method is "POOL" or
// "POOL.METHOD"; data is encoded as JSON, unless it is a json.RawMessage already. The
// test fails when the task does not complete.
func (s *Server) Call(method string, data any) string {
	s.t.Helper()
	raw, err := strictjson.EncodeData(data)
	if err != nil {
		s.failTest("encode the data for %s: %v", method, err)
		return ""
	}
	got, err := s.awaitTask(task.Request{Pool: method, Data: raw})
	switch {
	case err != nil:
		s.failTest("task for %s: %v", method, err)
	case got.State != task.Completed:
		s.failTest("task for %s is %s: %s %s", method, got.State, got.Reason, got.Result)
	}
	return string(got.Result)
}

// Run submits a task and returns its terminal record, whatever the task's end is.
func (s *Server) Run(r task.Request) task.Task {
	s.t.Helper()
	got, err := s.awaitTask(r)
	if err != nil {
		s.failTest("task for %s: %v", r.Pool, err)
	}
	return got
}

// awaitTask submits a task and waits for its end, whatever the end is.
func (s *Server) awaitTask(r task.Request) (task.Task, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), s.options.timeout)
	defer cancel()
	c := s.Client()
	got, err := c.Submit(ctx, r)
	if err != nil {
		return got, err
	}
	got, err = c.Wait(ctx, got.ID)
	if errors.As(err, new(*task.FailedError)) {
		err = nil
	}
	return got, err
}

// Worker returns the worker with that name or GUID; of a pool, the first worker. The
// test fails when there is none.
func (s *Server) Worker(name string) report.Worker {
	s.t.Helper()
	for _, w := range s.Initiator().Workers() {
		if w.Name == name || w.GUID == name {
			return w
		}
	}
	s.failTest("there is no worker of %s", name)
	return report.Worker{}
}

// WaitFor waits until ok accepts a worker with that name or GUID, and returns the
// worker. The test fails when that takes longer than Timeout allows, or when the
// initiator ends.
func (s *Server) WaitFor(name string, ok func(report.Worker) bool) report.Worker {
	s.t.Helper()
	patience := time.NewTimer(s.options.timeout)
	defer patience.Stop()
	for run := s.currentRun(); ; {
		_, more := run.initiator.Events(^uint64(0))
		for _, w := range run.initiator.Workers() {
			if (w.Name == name || w.GUID == name) && ok(w) {
				return w
			}
		}
		select {
		case <-more:
		case <-patience.C:
			s.failTest("%s is not as WaitFor asks after %s; it is %+v", name, s.options.timeout, s.Worker(name))
			return report.Worker{}
		case <-run.ended:
			if next := s.currentRun(); next != run {
				run = next // after Restart
				continue
			}
			s.failTest("%s is not as WaitFor asks: the initiator has ended: %v", name, run.err)
			return report.Worker{}
		}
	}
}
