package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/strictjson"
)

// ErrNotStarted is the error of Join before Start.
var ErrNotStarted = errors.New("the task has not been started: call Start first")

// Task is one unit of work from the caller's side, in the shape that DI-engine's
// users know:
//
//	result, err := c.NewTask("adder", data).OnComplete(f).OnFail(g).Start(ctx).Join(ctx)
//
// Its methods may be called by any goroutine.
type Task struct {
	client  *Client
	request task.Request
	done    chan struct{} // closed when the task has ended and its functions have returned

	mu         sync.Mutex
	started    bool
	ended      bool
	record     task.Task
	err        error // why there is no record of an end, or of the data
	panicked   error // the first panic of a function
	onComplete []func(data, result json.RawMessage)
	onFail     []func(data, result json.RawMessage)
}

// SubmitOption changes the request of a task before it is submitted, for example
//
//	func(r *task.Request) { r.Key = "order 7" }
type SubmitOption func(r *task.Request)

// NewTask describes a task for a method, which is "POOL" or "POOL.METHOD". Nothing is
// sent before Start. When data cannot be marshalled, Join returns the error.
func (c *Client) NewTask(method string, data any, options ...SubmitOption) *Task {
	t := &Task{client: c, done: make(chan struct{})}
	t.request, t.err = newRequest(method, data, options)
	if t.request.ID == uuid.Nil && t.request.Key == "" {
		t.request.ID = task.NewID()
	}
	return t
}

// newRequest describes a task. Data that is a json.RawMessage is JSON already.
func newRequest(method string, data any, options []SubmitOption) (task.Request, error) {
	raw, err := strictjson.EncodeData(data)
	if err != nil {
		err = fmt.Errorf("write the data of a task for %s: %w: %w", method, task.ErrInvalid, err)
	}
	r := task.Request{Pool: method, Data: raw}
	for _, change := range options {
		change(&r)
	}
	return r, err
}

// ID returns the task's id. The id of a task with a key is zero until the task has
// ended.
func (t *Task) ID() uuid.UUID {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.record.ID != uuid.Nil {
		return t.record.ID
	}
	return t.request.ID
}

// OnComplete adds a function that gets the task's data and result when the task
// completes, or at once when it has completed. The functions are called one after the
// other, in the order in which they were added. They must not call Join, which waits
// for them. A panic in a function is the error of Join.
func (t *Task) OnComplete(f func(data, result json.RawMessage)) *Task {
	return t.addFunction(&t.onComplete, true, f)
}

// OnFail adds a function as OnComplete does, for a task that ends in another state
// than completed or that cannot be submitted.
func (t *Task) OnFail(f func(data, result json.RawMessage)) *Task {
	return t.addFunction(&t.onFail, false, f)
}

// addFunction adds a function to a list, or calls it when the task has ended as the
// list wants it.
func (t *Task) addFunction(list *[]func(data, result json.RawMessage), completed bool, f func(data, result json.RawMessage)) *Task {
	t.mu.Lock()
	ended := t.ended
	if !ended {
		*list = append(*list, f)
	}
	t.mu.Unlock()
	if ended && t.hasCompleted() == completed {
		t.callFunction(f)
	}
	return t
}

// Start submits the task and waits for its end in a goroutine, until ctx or the
// client ends. A second call does nothing.
func (t *Task) Start(ctx context.Context) *Task {
	t.mu.Lock()
	again := t.started
	t.started = true
	t.mu.Unlock()
	if !again {
		go t.callAndTell(ctx) // ends with ctx, the task or the client
	}
	return t
}

// callAndTell submits the task, waits for its end, and calls the functions.
func (t *Task) callAndTell(ctx context.Context) {
	defer close(t.done)
	record, err := task.Task{}, t.err
	if err == nil {
		record, err = t.client.Call(ctx, t.request)
	}
	if errors.As(err, new(*task.FailedError)) {
		err = nil
	}
	t.mu.Lock()
	t.record, t.err = record, err
	t.mu.Unlock()
	for {
		f := t.nextFunction()
		if f == nil {
			return
		}
		t.callFunction(f)
	}
}

// nextFunction returns the next function to call; nil = all were called, and a later
// function is called by the goroutine that adds it.
func (t *Task) nextFunction() func(data, result json.RawMessage) {
	completed := t.hasCompleted()
	t.mu.Lock()
	defer t.mu.Unlock()
	list := &t.onFail
	if completed {
		list = &t.onComplete
	}
	if len(*list) == 0 {
		t.ended = true
		return nil
	}
	f := (*list)[0]
	*list = (*list)[1:]
	return f
}

// hasCompleted reports whether the task has completed.
func (t *Task) hasCompleted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err == nil && t.record.State == task.Completed
}

func (t *Task) callFunction(f func(data, result json.RawMessage)) {
	defer func() {
		if p := recover(); p != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.panicked = errors.Join(t.panicked, fmt.Errorf("a function of task %s panicked: %v", t.request.ID, p))
		}
	}()
	f(t.request.Data, t.Result())
}

// Done returns a channel that is closed when the task has ended and its functions
// have returned.
func (t *Task) Done() <-chan struct{} { return t.done }

// Join waits for the end of the task and for its functions, and returns the task's
// result. The error is a *task.FailedError when the task did not complete (the result
// is then the failure's), ctx's cause, ErrNotStarted, the reason why the task could not
// be submitted, or the panic of a function.
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
		return nil, context.Cause(ctx)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.err
	if err == nil {
		err = t.record.Err()
	}
	if err == nil {
		err = t.panicked
	}
	return t.record.Result, err
}

// Status is the state that the task was last known to have; "" before its end.
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
