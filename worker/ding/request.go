package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"initiator/internal/webhook"
)

// sendRequest sends a request to the slave, and repeats it when it did not
// reach the slave. Every answer ends the attempts; the error for a refusal is
// a *[RefusedError].
func (c *Connection) sendRequest(ctx context.Context, token, method, path string, body any) (Response, error) {
	o := &c.master.options
	for try := 0; ; try++ {
		e, status, err := c.client.Do(ctx, method, path, token, body)
		var stranger *webhook.EnvelopeError
		switch {
		case err == nil && e.Success:
			return Response{status, e}, nil
		case err == nil:
			return Response{status, e}, &RefusedError{Response{status, e}}
		case errors.As(err, &stranger), try == o.RequestRetries, ctx.Err() != nil:
			return Response{}, err
		}
		wait := time.NewTimer(o.RequestRetryWaiting)
		select {
		case <-wait.C:
		case <-ctx.Done():
		case <-c.master.life.Done():
			wait.Stop()
			return Response{}, errors.Join(err, errShutdown)
		}
		wait.Stop()
	}
}

// askHook calls a hook that returns data. It returns nil when the hook is nil.
func askHook(hook func(*Connection) (any, error), c *Connection) (raw json.RawMessage, err error) {
	if hook == nil {
		return nil, nil
	}
	err = c.recoverPanic(func() error {
		data, err := hook(c)
		if err == nil && data != nil {
			raw, err = marshalData(data)
		}
		return err
	})
	return raw, err
}

// failHook calls a hook that may replace an error. It returns err when the
// hook is nil.
func failHook(hook func(*Connection, error) error, c *Connection, err error) error {
	if hook == nil {
		return err
	}
	return c.recoverPanic(func() error { return hook(c, err) })
}

// tellHook calls a hook with an answer. An error of the hook does not change
// the result of the request.
func tellHook(c *Connection, hook func(*Connection, Response), r Response) {
	if hook != nil {
		_ = c.recoverPanic(func() error { hook(c, r); return nil })
	}
}

// recoverPanic calls f and turns a panic into an error.
func (c *Connection) recoverPanic(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a hook or callback: %v", p)
			c.master.log.Error("panic in a hook or callback", "connection", c.name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return f()
}
