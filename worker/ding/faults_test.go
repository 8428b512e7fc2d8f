//go:build unix

package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The faults of the original, with the numbers of docs/worker-contract.md,
// section 2. The original fails each of these tests.

func add(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
	var in struct{ A, B *int }
	if err := json.Unmarshal(data, &in); err != nil || in.A == nil || in.B == nil {
		return nil, TaskFail{Data: map[string]string{"message": "ab not found"}}
	}
	return json.Marshal(map[string]int{"sum": *in.A + *in.B})
}

func TestFault1UnexpectedErrorIsAFailure(t *testing.T) {
	m := start(t, MasterOptions{})
	s := startSlave(t, SlaveOptions{ProcessTask: func(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
		if string(data) == `"panic"` {
			panic("boom")
		}
		return nil, errTest
	}})
	c := connect(t, m, "a", s.Address())
	for data, want := range map[string]string{"panic": `{"message":"panic: boom"}`, "error": `{"message":"a test's error"}`} {
		told := make(chan string, 1)
		task := c.NewTask(data).OnFail(func(data, result json.RawMessage) { told <- string(data) + string(result) }).Start(within(t))
		result, err := task.Join(within(t))
		var failed *FailedError
		if !errors.As(err, &failed) || string(result) != want || task.Status() != Failed {
			t.Errorf("%s: %s %v %s", data, result, err, task.Status())
		}
		if got := await(t, told, "the callback"); got != `"`+data+`"`+want {
			t.Error(got)
		}
	}
}

func TestFault2HeartbeatsGoOnAfterRefusal(t *testing.T) {
	s := startSlave(t, SlaveOptions{ProcessTask: add})
	var beats atomic.Int64
	heard := make(chan struct{})
	master := newRawSlave(t) // in the place of the master
	master.answers.Store("GET /slave/heartbeat", func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"success": false, "code": 502, "message": "no", "data": null}`)
		if beats.Add(1) == 3 {
			close(heard)
		}
	})
	body := `{"master":{"address":"` + master.URL + `"},"data":{}}`
	if got := exchange(t, s.Address(), "POST", "/connect", []string{"Channel: 0", "Token: x"}, body); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	await(t, heard, "a third heartbeat after two refusals")
}

func TestFault3DisconnectDuringTask(t *testing.T) {
	began, ended := make(chan struct{}, 2), make(chan error, 2)
	m := start(t, MasterOptions{})
	s := startSlave(t, SlaveOptions{ProcessTask: func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		if string(data) == "{}" {
			return nil, nil
		}
		began <- struct{}{}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, ctx.Err()
	}})
	c := connect(t, m, "a", s.Address())
	task := c.NewTask("long").Start(within(t))
	await(t, began, "the task")
	if err := m.DeleteConnection(within(t), "a"); err != nil {
		t.Fatal(err)
	}
	await(t, ended, "the end of its context")
	if _, err := task.Join(within(t)); !errors.Is(err, ErrDisconnected) || task.Status() != Failed {
		t.Error(err, task.Status())
	}
	if err := c.Connect(within(t)); err != nil { // the next connect succeeds
		t.Fatal(err)
	}
	if result, err := c.NewTask(nil).Start(within(t)).Join(within(t)); err != nil || string(result) != "{}" {
		t.Error(string(result), err)
	}
}

func TestFault3LosingTheMaster(t *testing.T) {
	lost := make(chan string, 1)
	s := startSlave(t, SlaveOptions{
		ProcessTask: add, HeartbeatTolerance: 200 * time.Millisecond,
		LostConnection: func(master string, err error) { lost <- fmt.Sprint(master, err != nil) },
	})
	master := newRawSlave(t)
	body := `{"master":{"address":"` + master.URL + `"},"data":{}}`
	exchange(t, s.Address(), "POST", "/connect", []string{"Channel: 0", "Token: x"}, body)
	master.Close()
	if got := await(t, lost, "LostConnection"); got != master.URL+"true" {
		t.Error(got)
	}
	m := start(t, MasterOptions{})
	c := connect(t, m, "a", s.Address())
	if result, err := c.NewTask(map[string]int{"a": 2, "b": 3}).Start(within(t)).Join(within(t)); err != nil || string(result) != `{"sum":5}` {
		t.Error(string(result), err)
	}
}

func TestFault4PanicInCallbackLosesNothing(t *testing.T) {
	m := start(t, MasterOptions{})
	s := startSlave(t, SlaveOptions{ProcessTask: add})
	c := connect(t, m, "a", s.Address())
	for range 3 {
		second := make(chan string, 1)
		task := c.NewTask(map[string]int{"a": 2, "b": 3}).
			OnComplete(func(_, _ json.RawMessage) { panic("boom") }).
			OnComplete(func(_, result json.RawMessage) { second <- string(result) }).
			Start(within(t))
		if result, err := task.Join(within(t)); err != nil || string(result) != `{"sum":5}` || task.Status() != Completed {
			t.Error(string(result), err)
		}
		await(t, second, "the callback after the one that panicked")
	}
}

func TestFault5ARefusedTaskLeavesTheTable(t *testing.T) {
	m := start(t, MasterOptions{})
	s := newRawSlave(t)
	c := connect(t, m, "a", s.URL)
	other := connect(t, m, "b", startSlave(t, SlaveOptions{ProcessTask: add}).Address())
	for code, status := range map[int]int{601: 400, 602: 403} {
		s.answer("POST /task/new", status, code, "no", `{"why": "full"}`)
		task := c.NewTask(map[string]int{"a": 2, "b": 3}).Start(within(t))
		_, err := task.Join(within(t))
		var refusal *RefusedError
		if !errors.As(err, &refusal) || refusal.Code != code || refusal.Status != status || string(refusal.Data) != `{"why": "full"}` {
			t.Errorf("%d: %v", code, err)
		}
		if task.Status() != StartFailed || len(c.tasks) != 0 {
			t.Errorf("%d: %s, %d tasks in the table", code, task.Status(), len(c.tasks))
		}
		if err := task.Offer(other); err != nil {
			t.Fatal(err)
		}
		if result, err := task.Start(within(t)).Join(within(t)); err != nil || string(result) != `{"sum":5}` {
			t.Error(string(result), err)
		}
		if err := task.Offer(c); err == nil {
			t.Error("a task that has ended is offered again")
		}
	}
}

func TestFault6TasksOfLostSlaveEnd(t *testing.T) {
	m := start(t, MasterOptions{HeartbeatTolerance: minTolerance, HeartbeatCheckSpan: minCheckSpan})
	s := newRawSlave(t) // sends no heartbeats
	c := connect(t, m, "a", s.URL)
	task := c.NewTask(nil).Start(within(t))
	if _, err := task.Join(within(t)); !errors.Is(err, ErrLost) || task.Status() != Failed {
		t.Error(err, task.Status())
	}
	if m.HasConnection("a") || c.IsConnected() {
		t.Error("a lost slave is still connected")
	}
	// The slave is fenced: its reports are refused from now on.
	got := s.send("PUT", "/slave/task/complete", `{"task": {"id": "`+task.ID()+`"}, "result": {"late": 1}}`)
	if got != refused(403, 502, "Slave token not match with any slave.") || string(task.Result()) != `{"message":"the slave is lost"}` {
		t.Error(got, string(task.Result()))
	}
	for range 2 {
		await(t, s.got, "connect and task")
	}
	if got := await(t, s.got, "the slave to be let go"); got != `DELETE /disconnect {"data":{}}` {
		t.Error(got)
	}
}

func TestFault7RepeatedResult(t *testing.T) {
	m := start(t, MasterOptions{})
	s := newRawSlave(t)
	c := connect(t, m, "a", s.URL)
	var calls atomic.Int64
	task := c.NewTask(nil).OnComplete(func(_, _ json.RawMessage) { calls.Add(1) }).OnFail(func(_, _ json.RawMessage) { calls.Add(1) }).Start(within(t))
	for _, path := range []string{"complete", "complete", "fail"} {
		if got := s.send("PUT", "/slave/task/"+path, `{"task": {"id": "`+task.ID()+`"}, "result": {"by": "`+path+`"}}`); got != success("Result received!") {
			t.Error(got)
		}
	}
	if result, err := task.Join(within(t)); err != nil || string(result) != `{"by": "complete"}` || calls.Load() != 1 {
		t.Error(string(result), err, calls.Load())
	}
}

func TestFault8ResultsGoByTheirOwnID(t *testing.T) {
	m := start(t, MasterOptions{})
	s := newRawSlave(t)
	c := connect(t, m, "a", s.URL)
	var tasks []*Task
	for range 3 {
		tasks = append(tasks, c.NewTask(nil).Start(within(t)))
	}
	for _, i := range []int{2, 0, 1} {
		s.send("PUT", "/slave/task/complete", fmt.Sprintf(`{"task": {"id": "%s"}, "result": {"n": %d}}`, tasks[i].ID(), i))
	}
	for i, task := range tasks {
		if result, err := task.Join(within(t)); err != nil || string(result) != fmt.Sprintf(`{"n": %d}`, i) {
			t.Errorf("%d: %s %v", i, result, err)
		}
	}
}

// Fault 9, first half: ages are measured with the monotonic clock. A wall
// clock that jumps by a day, as the time without a monotonic part seems to do,
// ends no connection.
func TestFault9AgesAreMonotonic(t *testing.T) {
	m := NewMaster(MasterOptions{})
	c, err := m.NewConnection("a", "127.0.0.1", 1, false)
	if err != nil {
		t.Fatal(err)
	}
	c.token = "t"
	c.noteHeartbeat()
	if !strings.Contains(c.lastHeard.String(), "m=") {
		t.Error("the time of a heartbeat has no monotonic reading")
	}
	c.checkSilence(time.Now())
	if !c.IsConnected() {
		t.Error("lost at once")
	}
}

// Fault 9, second half: every request has a timeout.
func TestFault9EveryRequestHasATimeout(t *testing.T) {
	m := start(t, MasterOptions{RequestTimeout: 50 * time.Millisecond, RequestRetries: -1})
	s := newRawSlave(t)
	release := make(chan struct{})
	defer close(release) // the server's end waits for its handlers
	hang := func(http.ResponseWriter) { <-release }
	c := connect(t, m, "a", s.URL)
	s.answers.Store("POST /task/new", hang)
	s.answers.Store("DELETE /disconnect", hang)
	task := c.NewTask(nil).Start(context.Background())
	if _, err := task.Join(context.Background()); !errors.Is(err, context.DeadlineExceeded) || task.Status() != StartFailed {
		t.Error(err, task.Status())
	}
	if err := c.Disconnect(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
