package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"time"
)

// DefaultReconnect is how long a client waits for an initiator that has stopped
// answering, unless ReconnectFor says otherwise.
const DefaultReconnect = 30 * time.Second

// ReconnectFor sets how long a request waits for an initiator that has stopped
// answering, for example because it was killed and is started again. 0 = not at
// all: the request fails at once. Requests that can be repeated without doing
// anything twice wait: the submission of tasks, which the client gives an ID when
// they have neither ID nor Key, and the requests that read tasks or wait for them.
// All others fail at once. A client that no initiator has accepted yet never waits.
func ReconnectFor(limit time.Duration) Option { return func(c *Client) { c.outage.limit = limit } }

// NotifyOutage sets a function that is called when requests have been waiting for
// the initiator for 2 s, and when the initiator answers again after such a call.
// The calls come one after the other. The function must not use the client.
func NotifyOutage(f func(Outage)) Option { return func(c *Client) { c.outage.notify = f } }

// Outage is what the function of NotifyOutage is told.
type Outage struct {
	Over bool          // the initiator answers again
	Left time.Duration // how much longer the requests wait; 0 when Over
	Err  error         // of the last request; nil when Over
}

// OutageError says that an initiator that had answered before did not come back
// within the time of ReconnectFor.
type OutageError struct {
	Waited time.Duration
	Err    error // of the last request
	// Sent says that the request may have reached the initiator before the outage.
	Sent bool
}

// Error says how long the client has waited.
func (e *OutageError) Error() string {
	return fmt.Sprintf("the initiator has not come back within %v: %v", e.Waited, e.Err)
}

// Unwrap returns Err.
func (e *OutageError) Unwrap() error { return e.Err }

// Is reports whether target is ErrUnreachable.
func (e *OutageError) Is(target error) bool { return target == ErrUnreachable }

// brokenConnError says that the connection ended during a request.
type brokenConnError struct {
	request string // "METHOD PATH"
	err     error
}

// Error names the request.
func (e *brokenConnError) Error() string {
	return fmt.Sprintf("%s: the initiator has broken off: %v", e.request, e.err)
}

// Unwrap returns the error of the connection.
func (e *brokenConnError) Unwrap() error { return e.err }

// isPassing reports whether an error says that the initiator is away, so that the
// same request may succeed later. Every other error is final. No other function
// makes this decision.
func isPassing(err error) bool {
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) {
		return !errors.Is(err, fs.ErrPermission)
	}
	var broken *brokenConnError
	return errors.As(err, &broken) || isShuttingDown(err)
}

// isShuttingDown reports whether an initiator refused a request because it is about
// to end. An initiator that cannot store tasks says when to try again.
func isShuttingDown(err error) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Status == http.StatusServiceUnavailable && refusal.RetryAfter == 0
}

// persist calls send, and calls it again while the initiator is away. It returns
// the last error of send; the cause of ctx; or an *OutageError. send must be a
// request that can be repeated.
func (c *Client) persist(ctx context.Context, send func() error) error {
	err := send()
	if err == nil || !isPassing(err) || !c.outage.isBounded() {
		return err
	}
	w := c.outage.startWait(err)
	for w.pause(ctx) {
		if err = c.probe(ctx); err == nil || !isPassing(err) {
			w.endAnswered() // the answer to send may take long
			err = send()
		}
		if err == nil || !isPassing(err) {
			return err
		}
		w.recordFailure(err)
	}
	return w.giveUp(ctx)
}

// probe asks the initiator for something that it answers at once, unless it is about
// to end.
func (c *Client) probe(ctx context.Context) error {
	return c.requestJSON(ctx, http.MethodGet, "/tasks", url.Values{"limit": {"1"}}, nil, nil)
}

// Reconnect returns nil as soon as the initiator answers, and otherwise fails as
// Task does.
func (c *Client) Reconnect(ctx context.Context) error {
	return c.persist(ctx, func() error { return c.probe(ctx) })
}
