package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"initiator/internal/queue"
	"initiator/proactor"
)

// Pauses between attempts to connect: short at first, because a worker that
// has just proved itself accepts at once.
const (
	connectPause    = 20 * time.Millisecond
	connectPauseMax = time.Second
	connectTimeout  = 5 * time.Second
)

// link starts the goroutine that connects a worker and serves its stream. It
// owns born, the connection that the worker was born with, if there is one.
func (d *Dispatcher) link(p *peer, born net.Conn) {
	var ctx context.Context
	ctx, p.unlink = context.WithCancel(p.ctx)
	d.goes(func() {
		answer, stands, err := d.connect(ctx, p)
		streams := err == nil && !p.Ding && !d.plain && (answer.Stream || stands && !p.Session.Blunt)
		if !streams && born != nil {
			born.Close()
		}
		if err != nil {
			return
		}
		var l *line
		if streams {
			l = d.firstLine(ctx, p, born)
		}
		if stands {
			d.box.Put(standsMessage{p, l})
		} else {
			d.box.Put(connectedMessage{p, answer, l})
		}
		if streams {
			d.keepLine(ctx, p, l)
		}
	})
}

// connect asks a worker until it accepts, or says that it has, in the session
// that stands, or ctx ends.
func (d *Dispatcher) connect(ctx context.Context, p *peer) (answer proactor.ConnectAnswer, stands bool, err error) {
	pause := connectPause
	for {
		answer, wait, err := d.connectOnce(p)
		if err == nil || errors.Is(err, errStands) {
			return answer, err != nil, nil
		}
		d.log.Debug("connect", "worker", p.who, "error", err)
		if !sleep(ctx, max(pause, wait)) {
			return answer, false, ctx.Err()
		}
		pause = min(2*pause, connectPauseMax)
	}
}

// connectOnce makes one attempt. The session token is the same each time: an
// answer that got lost on the way shows as "already connected" next time, and
// then disconnecting under that token clears it.
func (d *Dispatcher) connectOnce(p *peer) (a proactor.ConnectAnswer, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, connectTimeout)
	defer cancel()
	client := *p.client
	if !p.Open {
		client.Bearer = p.Token
	}
	body := proactor.ConnectBody{Master: proactor.Master{Address: d.o.Master}}
	e, _, err := client.Do(ctx, "POST", "/connect", p.session.token, body)
	switch {
	case err != nil:
		return a, 0, err
	case e.Is(proactor.AlreadyConnected) && p.resumed.Swap(false):
		return a, 0, errStands
	case e.Is(proactor.AlreadyConnected):
		_, _, err = client.Do(ctx, "DELETE", "/disconnect", p.session.token, proactor.DisconnectBody{})
		return a, 0, fmt.Errorf("it is connected already; disconnect: %w", orEnvelope(err, e))
	case !e.Success:
		return a, retryAfter(e.Data), orEnvelope(nil, e)
	}
	if len(e.Data) > 0 {
		_ = json.Unmarshal(e.Data, &a) // a ding slave may answer any data
	}
	return a, 0, nil
}

func orEnvelope(err error, e proactor.Envelope) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("code %d: %s", e.Code, e.Message)
}

// retryAfter reads the seconds that a refusal asks us to wait, at most a minute.
func retryAfter(data json.RawMessage) time.Duration {
	var d struct {
		RetryAfter float64 `json:"retry_after"`
	}
	if len(data) == 0 || json.Unmarshal(data, &d) != nil || d.RetryAfter <= 0 {
		return 0
	}
	return time.Duration(min(d.RetryAfter, 60) * float64(time.Second))
}

type connectedMessage struct {
	p      *peer
	answer proactor.ConnectAnswer
	line   *line // nil = none; it is being served
}

func (m connectedMessage) apply(d *Dispatcher, now time.Time) {
	p := m.p
	if d.peers[p.who] != p {
		return
	}
	p.resumed.Store(false)
	d.connected(p, m.answer, m.line, now)
	if p.blunt {
		d.forsaken(p, now)
	}
}

// connected begins to give a worker tasks, by the stream l where there is one.
func (d *Dispatcher) connected(p *peer, answer proactor.ConnectAnswer, l *line, now time.Time) {
	p.connected, p.judged = true, true
	p.blunt = p.Ding || answer.Protocol == 0
	p.slots = max(p.Slots, 1)
	switch {
	case p.blunt:
		p.slots = 1
	case answer.Slots > 0:
		p.slots = min(p.slots, answer.Slots)
	}
	// The first heartbeat may take a whole span: the clock starts here.
	p.session.last.Store(&beat{at: now})
	if l != nil {
		p.use(l)
	}
	d.replace(p)
	d.drained(p)
	d.askAgain(p)
	d.opened(p)
	d.o.Observer.WorkerConnected(p.guid, p.incarnation)
}

// forsaken ends what a ding slave ran in the session before: it has accepted a
// new one, so it has no task, and would never say so.
func (d *Dispatcher) forsaken(p *peer, now time.Time) {
	for _, r := range p.running {
		d.finish(p, r, task.Outcome{Kind: task.Lost, Error: "the worker was connected anew"}, now)
	}
}

// sleep waits; it reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
