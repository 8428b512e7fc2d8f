package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// Pauses between attempts to connect: short at first, because a worker that
// has just proved itself accepts at once.
const (
	firstConnectDelay = 20 * time.Millisecond
	maxConnectDelay   = time.Second
	maxRetryAfter     = time.Minute
	connectTimeout    = 5 * time.Second
)

// startConnecting starts the goroutine that connects a worker and serves its stream. It
// owns born, the connection that the worker was born with, if there is one.
func (d *Dispatcher) startConnecting(p *workerConn, born net.Conn) {
	var ctx context.Context
	ctx, p.stopServing = context.WithCancel(p.ctx)
	d.goTracked(func() {
		answer, stands, err := d.connectUntilAccepted(ctx, p)
		streams := err == nil && !p.Ding && !d.webhooksOnly && (answer.Stream || stands && !p.Session.Blunt)
		if !streams && born != nil {
			born.Close()
		}
		if err != nil {
			return
		}
		var l *workerStream
		if streams {
			l = d.openFirstStream(ctx, p, born)
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

// connectUntilAccepted asks a worker until it accepts, or says that it has, in the session
// that stands, or ctx ends.
func (d *Dispatcher) connectUntilAccepted(ctx context.Context, p *workerConn) (answer proactor.ConnectAnswer, stands bool, err error) {
	pause := firstConnectDelay
	for {
		answer, wait, err := d.connectOnce(p)
		if err == nil || errors.Is(err, errSessionStands) {
			return answer, err != nil, nil
		}
		d.log.Debug("connect", "worker", p.workerID, "error", err)
		if !sleepContext(ctx, max(pause, wait)) {
			return answer, false, ctx.Err()
		}
		pause = min(2*pause, maxConnectDelay)
	}
}

// connectOnce makes one attempt. The session token is the same each time: an
// answer that got lost on the way shows as "already connected" next time, and
// then disconnecting under that token clears it.
func (d *Dispatcher) connectOnce(p *workerConn) (a proactor.ConnectAnswer, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, connectTimeout)
	defer cancel()
	client := *p.client
	if !p.Open {
		client.Bearer = p.Token
	}
	body := proactor.ConnectBody{Master: proactor.Master{Address: d.opts.Master}}
	e, _, err := client.Do(ctx, "POST", "/connect", p.session.token, body)
	switch {
	case err != nil:
		return a, 0, err
	case webhook.AlreadyConnected.Matches(e) && p.resumed.Swap(false):
		return a, 0, errSessionStands
	case webhook.AlreadyConnected.Matches(e):
		_, _, err = client.Do(ctx, "DELETE", "/disconnect", p.session.token, proactor.DisconnectBody{})
		return a, 0, fmt.Errorf("it is connected already; disconnect: %w", envelopeError(err, e))
	case !e.Success:
		return a, retryAfter(e.Data), envelopeError(nil, e)
	}
	if len(e.Data) > 0 {
		_ = json.Unmarshal(e.Data, &a) // a ding slave may answer any data
	}
	return a, 0, nil
}

func envelopeError(err error, e proactor.Envelope) error {
	if err != nil {
		return err
	}
	return errors.New(refusalOf(e).String())
}

// retryAfter reads the seconds that a refusal asks us to wait, at most a minute.
func retryAfter(data json.RawMessage) time.Duration {
	var d struct {
		RetryAfter float64 `json:"retry_after"`
	}
	if len(data) == 0 || json.Unmarshal(data, &d) != nil || d.RetryAfter <= 0 {
		return 0
	}
	return time.Duration(min(d.RetryAfter, maxRetryAfter.Seconds()) * float64(time.Second))
}

type connectedMessage struct {
	conn   *workerConn
	answer proactor.ConnectAnswer
	stream *workerStream // nil = none; it is being served
}

func (m connectedMessage) applyMessage(d *Dispatcher, now time.Time) {
	p := m.conn
	if d.workers[p.workerID] != p {
		return
	}
	p.resumed.Store(false)
	d.startDispatching(p, m.answer, m.stream, now)
	if p.legacy {
		d.endAbandonedAttempts(p, now)
	}
}

// startDispatching begins to give a worker tasks, by the stream l where there is one.
func (d *Dispatcher) startDispatching(p *workerConn, answer proactor.ConnectAnswer, l *workerStream, now time.Time) {
	p.connected, p.checked = true, true
	p.legacy = p.Ding || answer.Protocol == 0
	p.slots = max(p.Slots, 1)
	switch {
	case p.legacy:
		p.slots = 1
	case answer.Slots > 0:
		p.slots = min(p.slots, answer.Slots)
	}
	// The first heartbeat may take a whole span: the clock starts here.
	p.session.lastHeartbeat.Store(&heartbeat{at: now})
	if l != nil {
		p.useStream(l)
	}
	d.updateBalancer(p)
	d.reportDrained(p)
	d.resendAttempts(p)
	d.reportConnected(p)
	d.opts.Observer.WorkerConnected(p.guid, p.incarnation)
}

// endAbandonedAttempts ends what a ding slave ran in the session before: it has accepted a
// new one, so it has no task, and would never say so.
func (d *Dispatcher) endAbandonedAttempts(p *workerConn, now time.Time) {
	for _, r := range p.running {
		d.finishAttempt(p, r, queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: "the worker was connected anew"}, now)
	}
}

// sleepContext waits; it reports false when ctx ended first.
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
