package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// The delay between attempts to connect is short at first, because a worker
// that has just proved that it is ready accepts at once.
const (
	firstConnectDelay = 20 * time.Millisecond
	maxConnectDelay   = time.Second
	maxRetryAfter     = time.Minute
	connectTimeout    = 5 * time.Second
)

// startConnecting starts the goroutine that connects a worker and serves its
// stream. The goroutine owns inherited, the connection that the worker
// inherited at its start; nil = none.
func (d *Dispatcher) startConnecting(p *workerConn, inherited net.Conn) {
	ctx := p.newServingContext()
	d.serveSession(ctx, p, func() (webhook.ConnectAnswer, bool, error) { return d.connectUntilAccepted(ctx, p) }, inherited)
}

// newServingContext returns the context of the goroutine that serves a worker.
func (p *workerConn) newServingContext() (ctx context.Context) {
	ctx, p.stopServing = context.WithCancel(p.ctx)
	return ctx
}

// serveSession starts a goroutine that calls connect, and then serves the
// stream of the session until ctx ends. See connectUntilAccepted for the
// results of connect.
func (d *Dispatcher) serveSession(ctx context.Context, p *workerConn, connect func() (webhook.ConnectAnswer, bool, error), inherited net.Conn) {
	d.goTracked(func() {
		answer, stands, err := connect()
		streams := err == nil && !p.Ding && !d.webhooksOnly && (answer.Stream || stands && !p.Session.Legacy)
		if !streams && inherited != nil {
			inherited.Close()
		}
		if err != nil {
			return
		}
		var l *workerStream
		if streams {
			l = d.openFirstStream(ctx, p, inherited)
		}
		if stands {
			d.mailbox.Put(sessionResumedMessage{p, l})
		} else {
			d.mailbox.Put(connectedMessage{p, answer, l})
		}
		if streams {
			d.keepStreamOpen(ctx, p, l)
		}
	})
}

// connectUntilAccepted asks a worker until the worker accepts, until it answers
// that the resumed session stands, or until ctx ends.
func (d *Dispatcher) connectUntilAccepted(ctx context.Context, p *workerConn) (answer webhook.ConnectAnswer, stands bool, err error) {
	pause := firstConnectDelay
	var warned *slotsError
	for {
		answer, wait, err := d.connectOnce(p)
		if err == nil || errors.Is(err, errSessionStands) {
			return answer, err != nil, nil
		}
		d.log.Debug("connect", "worker", p.workerID, "error", err)
		if warned == nil && errors.As(err, &warned) {
			d.log.Warn("a worker is not connected and gets no tasks", d.aboutWorker(p.workerID, "reason", err)...)
		}
		if !sleepContext(ctx, max(pause, wait)) {
			return answer, false, ctx.Err()
		}
		pause = min(2*pause, maxConnectDelay)
	}
}

// connectOnce makes one attempt. It uses the same session token each time: when
// an answer was lost on the way, the worker says "already connected" the next
// time, and a disconnect under that token clears it.
func (d *Dispatcher) connectOnce(p *workerConn) (a webhook.ConnectAnswer, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, connectTimeout)
	defer cancel()
	client := *p.client
	client.Limit = bounds.ConnectAnswer
	if !p.Open {
		client.Bearer = p.Token
	}
	body := webhook.ConnectBody{Master: webhook.Master{Address: d.opts.Master}}
	e, _, err := client.Do(ctx, "POST", "/connect", p.session.token, body)
	switch {
	case err != nil:
		return a, 0, err
	case webhook.AlreadyConnected.Matches(e) && p.resumed.Swap(false):
		return a, 0, errSessionStands
	case webhook.AlreadyConnected.Matches(e):
		_, _, err = client.Do(ctx, "DELETE", "/disconnect", p.session.token, webhook.DisconnectBody{})
		return a, 0, fmt.Errorf("the worker is already connected; disconnect: %w", envelopeError(err, e))
	case !e.Success:
		return a, retryAfter(e.Data, maxRetryAfter), envelopeError(nil, e)
	}
	if len(e.Data) > 0 {
		_ = json.Unmarshal(e.Data, &a) // a legacy worker may answer with any data
	}
	if a.Slots > bounds.Slots {
		return a, 0, &slotsError{a.Slots}
	}
	return a, 0, nil
}

// slotsError says that a worker answered /connect with too many slots.
type slotsError struct{ slots int }

func (e *slotsError) Error() string {
	return fmt.Sprintf("it answered /connect with slots = %d, and at most %d are accepted; answer with the number of tasks that it runs at the same time", e.slots, bounds.Slots)
}

func envelopeError(err error, e proactor.Envelope) error {
	if err != nil {
		return err
	}
	return errors.New(refusalOf(e).String())
}

// retryAfter returns the delay that a refusal or a failure asks for in its data,
// but not more than most; 0 = it names none.
func retryAfter(data json.RawMessage, most time.Duration) time.Duration {
	var d struct {
		RetryAfter float64 `json:"retry_after"`
	}
	if len(data) == 0 || json.Unmarshal(data, &d) != nil || d.RetryAfter <= 0 {
		return 0
	}
	return time.Duration(min(d.RetryAfter, most.Seconds()) * float64(time.Second))
}

type connectedMessage struct {
	conn   *workerConn
	answer webhook.ConnectAnswer
	stream *workerStream // nil = none; its goroutine already serves it
}

func (m connectedMessage) applyMessage(d *Dispatcher, now time.Time) {
	p := m.conn
	if d.workers[p.workerID] != p {
		return
	}
	p.resumed.Store(false)
	if p.served {
		p.doubtAttempts(now)
	}
	d.startDispatching(p, m.answer, m.stream, now)
	if p.legacy {
		d.endAbandonedAttempts(p, now)
	}
}

// doubtAttempts notes that the worker may have given up the tasks of its last
// session. Its heartbeats will show which tasks it still runs. No task is sent
// again: the worker would run it a second time under the same attempt.
func (p *workerConn) doubtAttempts(now time.Time) {
	for _, r := range p.running {
		r.unconfirmed, r.stream, r.resend = now, nil, false
	}
}

// startDispatching starts to give a worker tasks, over the stream l if it is
// not nil.
func (d *Dispatcher) startDispatching(p *workerConn, answer webhook.ConnectAnswer, l *workerStream, now time.Time) {
	p.connected, p.checked, p.served = true, true, true
	p.legacy = p.Ding || answer.Protocol == 0
	p.slots = max(p.Slots, 1)
	switch {
	case p.legacy:
		p.slots = 1
	case answer.Slots > 0:
		p.slots = min(p.slots, answer.Slots)
	}
	// The first heartbeat may take a whole interval: the time counts from here.
	p.session.lastHeartbeat.Store(&heartbeat{at: now, legacy: true})
	if l != nil {
		d.useStream(p, l)
	}
	d.updateBalancer(p)
	d.reportDrained(p)
	d.resendAttempts(p)
	d.reportConnected(p)
	d.opts.Observer.WorkerConnected(p.guid, p.incarnation)
}

// endAbandonedAttempts ends the attempts that a legacy worker ran in its last
// session. The worker has accepted a new session, so it runs no task, and it
// would never report the old ones.
func (d *Dispatcher) endAbandonedAttempts(p *workerConn, now time.Time) {
	for _, r := range p.running {
		d.finishAttempt(p, r, r.lostOutcome("the worker was connected again and no longer runs the task"), now)
	}
}

// sleepContext waits for d. It returns false when ctx ended first.
func sleepContext(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
