package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"initiator/internal/webhook"
)

// Task is one unit of work for one slave, from the caller's side. Make it with
// [Connection.NewTask]. All methods may be called from any goroutine.
type Task struct {
	id      string
	data    json.RawMessage
	dataErr error // the error of marshalling data

	started chan struct{} // closed when Start has returned
	done    chan struct{} // closed after the callbacks have returned

	mu         sync.Mutex // guards the fields below
	connection *Connection
	status     Status
	result     json.RawMessage
	err        error
	onComplete []func(data, result json.RawMessage)
	onFail     []func(data, result json.RawMessage)
}

// FailedError is the error of Join for a task that the slave has reported as
// failed.
type FailedError struct{ Result json.RawMessage }

// Error returns the result as text.
func (e *FailedError) Error() string { return "the task failed: " + string(e.Result) }

// ID returns the task's id on the wire, a UUID.
func (t *Task) ID() string { return t.id }

// Data returns the data that NewTask was given, as JSON.
func (t *Task) Data() json.RawMessage { return t.data }

// Status returns the state of the task.
func (t *Task) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

// Result returns the result that the slave has reported, or nil before the
// report.
func (t *Task) Result() json.RawMessage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.result
}

// OnComplete adds a callback, which gets the task's data and result. Callbacks
// run in the order in which they were added, in a goroutine of the task. A
// panic in a callback is logged, and the next callback runs. Add callbacks
// before Start. Join waits for the callbacks, so they must not call Join.
func (t *Task) OnComplete(f func(data, result json.RawMessage)) *Task {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onComplete = append(t.onComplete, f)
	return t
}

// OnFail adds a callback for a task that has failed, or whose slave was lost
// or disconnected. In the latter cases its result is {"message": …}.
func (t *Task) OnFail(f func(data, result json.RawMessage)) *Task {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onFail = append(t.onFail, f)
	return t
}

// Start gives the task to the slave and returns when the slave has answered. A
// task that was refused, or that did not reach the slave, is in state
// StartFailed: Join returns the reason, and Start may be called again, also
// after [Task.Offer] with another slave. Start does nothing for a task that
// runs or has ended.
func (t *Task) Start(ctx context.Context) *Task {
	t.mu.Lock()
	if t.status != Idle && t.status != StartFailed {
		t.mu.Unlock()
		return t
	}
	c, err := t.connection, t.dataErr
	if t.status == StartFailed {
		t.started = make(chan struct{})
	}
	t.status, t.err = Starting, nil
	started := t.started
	t.mu.Unlock()
	defer close(started)
	if err == nil {
		err = t.sendTask(ctx, c)
	}
	t.noteStart(c, err)
	return t
}

// Offer moves a task that could not be started to another slave's connection.
func (t *Task) Offer(c *Connection) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status != Idle && t.status != StartFailed {
		return fmt.Errorf("offer the task to %s: it is %s", c.name, t.status)
	}
	t.connection = c
	return nil
}

func (t *Task) sendTask(ctx context.Context, c *Connection) error {
	h := c.master.options.Hooks
	data := t.data
	if h.BeforeNewTask != nil {
		err := c.recoverPanic(func() (err error) {
			other, err := h.BeforeNewTask(c, data)
			if err == nil {
				data, err = marshalData(other)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	token, err := c.addTask(t)
	if err != nil {
		return err
	}
	r, err := c.sendRequest(ctx, token, http.MethodPost, "/task/new", webhook.TaskBody{Task: webhook.TaskRef{ID: t.id}, Data: data})
	if err == nil {
		tellHook(c, h.AfterNewTask, r)
		return nil
	}
	c.removeTask(t.id)
	if other := failHook(h.ErrorNewTask, c, err); other != nil {
		return other
	}
	return err // a hook cannot turn a failed start into a success: Join would wait for ever
}

// noteStart records the result of the start, unless the task has ended
// meanwhile.
func (t *Task) noteStart(c *Connection, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.status != Starting:
	case err != nil:
		t.status, t.err = StartFailed, fmt.Errorf("start a task on %s: %w", c.name, err)
	default:
		t.status = Started
	}
}

// finishTask records the outcome and calls the callbacks. Only the first call
// has an effect.
func (t *Task) finishTask(status Status, result json.RawMessage, err error) {
	t.mu.Lock()
	if t.status == Completed || t.status == Failed || t.status == StartFailed {
		t.mu.Unlock()
		return
	}
	t.status, t.result, t.err = status, result, err
	c, callbacks := t.connection, t.onFail
	if status == Completed {
		callbacks = t.onComplete
	}
	t.mu.Unlock()
	c.master.background.Go(func() {
		defer close(t.done)
		for _, f := range callbacks {
			_ = c.recoverPanic(func() error { f(t.data, result); return nil })
		}
	})
}

// failTask ends a task that cannot get a result any more.
func (t *Task) failTask(reason error) {
	result, _ := json.Marshal(map[string]string{"message": reason.Error()})
	t.finishTask(Failed, result, reason)
}

// ErrNotStarted is the error of Join before Start.
var ErrNotStarted = errors.New("the task has not been started: call Start first")

// Join waits until the task has ended and its callbacks have returned. The
// error is a *[FailedError], ErrLost, ErrDisconnected, the reason why the task
// could not be started (for a refusal a *[RefusedError]), ErrNotStarted, or
// the cause that ended ctx.
func (t *Task) Join(ctx context.Context) (json.RawMessage, error) {
	t.mu.Lock()
	started, idle := t.started, t.status == Idle
	t.mu.Unlock()
	if idle {
		return nil, ErrNotStarted
	}
	select {
	case <-started:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if t.Status() != StartFailed {
		select {
		case <-t.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.result, t.err
}
