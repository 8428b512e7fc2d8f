package initiator

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"initiator/initiator/task"
)

// Task is one unit of work from the caller's side, in the shape that DI-engine's
// users know:
//
//	result, err := in.NewTask("adder", data).OnComplete(f).OnFail(g).Start().Join(ctx)
//
// Its methods may be called by any goroutine; OnComplete and OnFail only before
// Start.
type Task struct {
	in      *Initiator
	request task.Request
	done    chan struct{}

	mu         sync.Mutex
	started    bool
	record     task.Task
	err        error
	onComplete []func(data, result json.RawMessage)
	onFail     []func(data, result json.RawMessage)
}

// ErrNotStarted is the error of Join before Start.
var ErrNotStarted = errors.New("the task has not been started: call Start first")

// Failure is the error of a task that ended in another state than completed.
type Failure struct {
	// Task is the terminal record.
	Task task.Task
}

// Error says how the task ended and why.
func (f *Failure) Error() string {
	return "task " + f.Task.ID.String() + " " + string(f.Task.State) + ": " + f.Task.Reason
}

// NewTask describes a task for a pool ("POOL" or "POOL.METHOD"). Nothing is sent
// before Start. When data cannot be marshalled, Join returns the error.
func (in *Initiator) NewTask(pool string, data any) *Task {
	t := &Task{in: in, request: task.Request{Pool: pool}, done: make(chan struct{})}
	raw, ok := data.(json.RawMessage)
	if !ok {
		raw, t.err = json.Marshal(data)
	}
	t.request.Data = raw
	return t
}

// OnComplete adds a function that gets the task's data and result when the task
// completes. The functions run in a goroutine of their own. A panic in them is
// caught and logged, because it would end the program; the result is kept.
func (t *Task) OnComplete(f func(data, result json.RawMessage)) *Task {
	t.onComplete = append(t.onComplete, f)
	return t
}

// OnFail adds a function that is called when the task ends in another state than
// completed.
func (t *Task) OnFail(f func(data, result json.RawMessage)) *Task {
	t.onFail = append(t.onFail, f)
	return t
}

// Start submits the task. A second call does nothing.
func (t *Task) Start() *Task {
	t.mu.Lock()
	again := t.started
	t.started = true
	t.mu.Unlock()
	if !again && !t.in.background.startGoroutine(t.submitAndWait) {
		t.submitAndWait() // returns at once: the initiator has ended
	}
	return t
}

// submitAndWait submits the task, waits for its end, and calls the functions. It
// returns when the initiator ends, at the latest.
func (t *Task) submitAndWait() {
	if t.err == nil {
		record, err := t.in.Submit(t.in.runContext, t.request)
		t.setRecord(record, err)
		if err == nil {
			record, err = t.in.Wait(t.in.runContext, record.ID)
			t.setRecord(record, err)
		}
	}
	close(t.done)
	if t.err == nil {
		t.runCallbacks()
	}
}

func (t *Task) setRecord(record task.Task, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.record, t.err = record, err
}

func (t *Task) runCallbacks() {
	list := t.onFail
	if t.record.State == task.Completed {
		list = t.onComplete
	}
	for _, f := range list {
		t.runCallback(f)
	}
}

func (t *Task) runCallback(f func(data, result json.RawMessage)) {
	defer func() {
		if p := recover(); p != nil {
			t.in.log.Error("a task's callback panicked", "task", t.record.ID, "panic", p)
		}
	}()
	f(t.request.Data, t.record.Result)
}

// Join waits for the end of the task and returns its result. The error is a
// *Failure when the task did not complete (the result is then the failure's),
// ctx's error, ErrNotStarted, or the reason why the task could not be submitted.
func (t *Task) Join(ctx context.Context) (json.RawMessage, error) {
	t.mu.Lock()
	started := t.started
	t.mu.Unlock()
	if !started {
		return nil, ErrNotStarted
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if t.err != nil {
		return nil, t.err
	}
	if t.record.State != task.Completed {
		return t.record.Result, &Failure{t.record}
	}
	return t.record.Result, nil
}

// Status is the state that the task was last known to have; "" before the task is
// stored.
func (t *Task) Status() task.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.State
}

// Result is the task's result; nil before the task has ended.
func (t *Task) Result() json.RawMessage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Result
}
