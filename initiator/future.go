package initiator

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"initiator/internal/queue"
)

// Task is one unit of work from the caller's side, in the shape that
// DI-engine's users know:
//
//	result, err := in.NewTask("adder", data).OnComplete(f).OnFail(g).Start().Join(ctx)
//
// Its methods may be called from any goroutine; OnComplete and OnFail only
// before Start.
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

// ErrNotStarted is Join's answer before Start.
var ErrNotStarted = errors.New("the task has not been started: call Start first")

// Failure is the error of a task that ended in another way than completed.
type Failure struct {
	// Task is the terminal record.
	Task task.Task
}

// Error says how the task ended and why.
func (f *Failure) Error() string {
	return "task " + f.Task.ID.String() + " " + string(f.Task.State) + ": " + f.Task.Reason
}

// NewTask describes a task for a pool ("POOL" or "POOL.METHOD"). Nothing is
// sent before Start. Data that cannot be marshalled shows as Join's error.
func (in *Initiator) NewTask(pool string, data any) *Task {
	t := &Task{in: in, request: task.Request{Pool: pool}, done: make(chan struct{})}
	raw, ok := data.(json.RawMessage)
	if !ok {
		raw, t.err = json.Marshal(data)
	}
	t.request.Data = raw
	return t
}

// OnComplete adds a callback that gets the task's data and result. Callbacks
// run in a goroutine of their own, so a panic in one would end the program: it
// is caught and logged, and the result is kept all the same.
func (t *Task) OnComplete(f func(data, result json.RawMessage)) *Task {
	t.onComplete = append(t.onComplete, f)
	return t
}

// OnFail adds a callback for every other end than completed.
func (t *Task) OnFail(f func(data, result json.RawMessage)) *Task {
	t.onFail = append(t.onFail, f)
	return t
}

// Start submits the task. Starting twice does nothing more.
func (t *Task) Start() *Task {
	t.mu.Lock()
	again := t.started
	t.started = true
	t.mu.Unlock()
	if !again && !t.in.background.Go(t.run) {
		t.run() // is told at once that the initiator has ended
	}
	return t
}

// run submits, waits and calls back. It ends with the initiator at the latest.
func (t *Task) run() {
	if t.err == nil {
		record, err := t.in.Submit(t.in.life, t.request)
		t.note(record, err)
		if err == nil {
			record, err = t.in.Wait(t.in.life, record.ID)
			t.note(record, err)
		}
	}
	close(t.done)
	if t.err == nil {
		t.callBack()
	}
}

func (t *Task) note(record task.Task, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.record, t.err = record, err
}

func (t *Task) callBack() {
	list := t.onFail
	if t.record.State == task.Completed {
		list = t.onComplete
	}
	for _, f := range list {
		t.guarded(f)
	}
}

func (t *Task) guarded(f func(data, result json.RawMessage)) {
	defer func() {
		if p := recover(); p != nil {
			t.in.log.Error("a task's callback panicked", "task", t.record.ID, "panic", p)
		}
	}()
	f(t.request.Data, t.record.Result)
}

// Join waits for the end of the task and returns its result. Errors: *Failure
// when it did not complete (the result is then the failure's), ctx's error,
// ErrNotStarted, or why it could not be submitted.
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

// Status is the state in which the task was last seen; "" before it is kept.
func (t *Task) Status() task.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.State
}

// Result is the task's result, nil before its end.
func (t *Task) Result() json.RawMessage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Result
}
