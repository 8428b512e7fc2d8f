package client

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// outage knows whether requests of a client wait for the initiator, and tells the
// function of NotifyOutage.
type outage struct {
	limit     time.Duration // of ReconnectFor
	notify    func(Outage)  // nil = none
	connected atomic.Bool   // an initiator has accepted a connection

	mu      sync.Mutex
	waiting int // requests that wait
	timer   *time.Timer
	told    bool // notify was called, and the initiator has not answered since
	last    error
}

const (
	// notifyAfter is how long requests wait before the caller is told.
	notifyAfter = 2 * time.Second
	// firstPause and longestPause bound the time between two attempts of a request.
	firstPause, longestPause = 50 * time.Millisecond, time.Second
)

// isBounded reports whether a request whose error is passing may wait.
func (o *outage) isBounded() bool { return o.limit > 0 && o.connected.Load() }

// noteConnection records that the initiator has accepted a connection.
func (o *outage) noteConnection() {
	if !o.connected.Load() {
		o.connected.Store(true)
	}
}

// outageWait is the wait of one request, or of one stream. One goroutine uses it.
type outageWait struct {
	*outage
	began  time.Time
	next   time.Duration // the next pause
	joined bool          // counted in waiting
	sent   bool          // a request may have reached the initiator
	err    error         // of the last attempt
}

// startWait begins a wait after an attempt that failed.
func (o *outage) startWait(err error) *outageWait {
	w := &outageWait{outage: o, began: time.Now(), next: firstPause}
	w.recordFailure(err)
	return w
}

// recordFailure keeps the error of an attempt.
func (w *outageWait) recordFailure(err error) {
	w.err = err
	var unreachable *UnreachableError
	w.sent = w.sent || !errors.As(err, &unreachable)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = err
}

// pause returns true when it is time for the next attempt, and false when ctx has
// ended or the initiator has been away for too long.
func (w *outageWait) pause(ctx context.Context) bool {
	w.join()
	left := w.limit - time.Since(w.began)
	if left <= 0 {
		return false
	}
	timer := time.NewTimer(min(w.next, left))
	defer timer.Stop()
	w.next = min(2*w.next, longestPause)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// join counts this wait. The first one starts the time until the caller is told.
func (w *outageWait) join() {
	o := w.outage
	if w.joined {
		return
	}
	w.joined = true
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting++; o.waiting == 1 && o.notify != nil && !o.told {
		o.timer = time.AfterFunc(notifyAfter, o.tellBegin)
	}
}

// tellBegin tells the caller that requests wait.
func (o *outage) tellBegin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting > 0 && !o.told {
		o.told = true
		o.notify(Outage{Left: max(o.limit-notifyAfter, 0), Err: o.last})
	}
}

// leave ends this wait. answered says that the initiator is back.
func (w *outageWait) leave(answered bool) {
	o := w.outage
	if !w.joined {
		return
	}
	w.joined = false
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting--
	if o.timer != nil && (answered || o.waiting == 0) {
		o.timer.Stop()
	}
	if answered && o.told {
		o.notify(Outage{Over: true})
	}
	if answered || o.waiting == 0 {
		o.told = false
	}
}

// endAnswered ends the wait because the initiator has answered.
func (w *outageWait) endAnswered() { w.leave(true) }

// giveUp ends the wait without an answer, and returns why: the cause of ctx, or an
// *OutageError.
func (w *outageWait) giveUp(ctx context.Context) error {
	w.leave(false)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &OutageError{Waited: w.limit, Err: w.err, Sent: w.sent}
}
