package dispatch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

const (
	// streamOpenTimeout limits the opening of a stream. A worker that has
	// promised a stream gets no task while the dispatcher waits for it.
	streamOpenTimeout = 2 * time.Second
	// The delay before a broken stream is opened again doubles from the first
	// to the maximum.
	firstStreamDelay = 50 * time.Millisecond
	maxStreamDelay   = 30 * time.Second
	// steadyStream is how long a stream must have lasted for the delay to start
	// at its first value again.
	steadyStream = time.Minute
	// streamReadBuffer is the read buffer of each stream in bytes. It is small,
	// because there may be a thousand streams, most of them idle. It holds a
	// dozen answers.
	streamReadBuffer = 4 << 10
	// streamBacklog is how many bytes may wait for a worker that does not read.
	// Further tasks go by webhook.
	streamBacklog = bounds.StreamBacklog
)

var errWrongIdentity = errors.New("the handshake has the identity of another incarnation")

// openStream opens a stream over the inherited connection, or over a new one
// when inherited is nil.
func (d *Dispatcher) openStream(ctx context.Context, p *workerConn, inherited net.Conn) (*workerStream, error) {
	ctx, cancel := context.WithTimeout(ctx, d.streamOpenTimeout)
	defer cancel()
	nc, token := inherited, p.Token
	if inherited == nil {
		var err error
		if nc, err = d.dialStream(ctx, p); err != nil {
			return nil, err
		}
		token = p.session.token
	}
	id := chirp.TokenID(token)
	l := &workerStream{d: d, conn: p, session: p.session, unreadLimit: int32(min(2*p.Slots, 1<<20) + unreadSlack)}
	l.chirp = chirp.NewConn(nc, chirp.ConnOptions{
		Handshake:  chirp.Handshake{Node: id},
		MaxMessage: stream.MaxMessage, ReadBuffer: streamReadBuffer, Backlog: streamBacklog,
		OnReadIdle: l.flushAnswers,
	})
	theirs, err := l.chirp.ExchangeHandshakes(ctx)
	if err == nil && theirs.Node != id {
		l.chirp.Close()
		err = errWrongIdentity
	}
	if err != nil {
		return nil, fmt.Errorf("open the stream to %s: %w", p.workerID, err)
	}
	return l, nil
}

// dialStream requests a stream at the worker's own port.
func (d *Dispatcher) dialStream(ctx context.Context, p *workerConn) (net.Conn, error) {
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	nc, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	return stream.RequestUpgrade(ctx, nc, stream.UpgradeRequest{Path: u.Path + "/stream", Host: u.Host, Header: stream.SessionHeader(p.Channel, p.session.token)})
}

// openFirstStream opens the stream of a worker that has just been connected.
// When it returns nil, the worker gets its tasks by webhook.
func (d *Dispatcher) openFirstStream(ctx context.Context, p *workerConn, inherited net.Conn) *workerStream {
	l, err := d.openStream(ctx, p, inherited)
	if err != nil && inherited != nil && ctx.Err() == nil {
		d.log.Debug("the inherited stream does not open", "worker", p.workerID, "error", err)
		l, err = d.openStream(ctx, p, nil)
	}
	if err != nil {
		d.log.Debug("no stream: tasks go by webhook", "worker", p.workerID, "error", err)
	}
	return l
}

// keepStreamOpen serves a stream, and opens a new one when it breaks, until ctx
// ends or the worker no longer offers streams.
func (d *Dispatcher) keepStreamOpen(ctx context.Context, p *workerConn, l *workerStream) {
	pause := firstStreamDelay
	for {
		began := time.Now()
		if l != nil {
			d.serveStream(ctx, l)
		}
		if time.Since(began) > steadyStream {
			pause = firstStreamDelay
		}
		if !sleepContext(ctx, pause) {
			return
		}
		pause = min(2*pause, maxStreamDelay)
		var err error
		l, err = d.openStream(ctx, p, nil)
		if errors.Is(err, stream.ErrUnsupported) {
			return // a new session may offer one
		}
		if l != nil {
			d.mailbox.Put(streamOpenedMessage{l})
		}
	}
}

// serveStream reads until the stream or ctx ends.
func (d *Dispatcher) serveStream(ctx context.Context, l *workerStream) {
	stop := context.AfterFunc(ctx, l.chirp.Close)
	err := l.chirp.Serve(l.receiveMessage)
	stop()
	if ctx.Err() == nil {
		d.log.Debug("a stream ended", "worker", l.conn.workerID, "error", err)
	}
	d.mailbox.Put(streamEndedMessage{l})
}

type streamOpenedMessage struct{ stream *workerStream }

func (m streamOpenedMessage) applyMessage(d *Dispatcher, _ time.Time) {
	if p := m.stream.conn; d.workers[p.workerID] == p {
		d.useStream(p, m.stream)
	}
}

// useStream makes l the transport of the worker, and sends at once the cancels
// that would have waited for a heartbeat.
func (d *Dispatcher) useStream(p *workerConn, l *workerStream) {
	p.transport = l
	d.updateCancels(p)
}

type streamEndedMessage struct{ stream *workerStream }

// applyMessage sends again by webhook every task that the stream carried and
// that has no answer yet. The worker knows id and attempt number and runs
// nothing twice. While it is not known whether the session stands, the tasks
// wait: in another session the worker would run them once more.
func (m streamEndedMessage) applyMessage(d *Dispatcher, _ time.Time) {
	p := m.stream.conn
	if p.transport == m.stream {
		p.transport = webhookTransport{d, p}
	}
	if d.workers[p.workerID] != p {
		return
	}
	for _, r := range p.running {
		switch {
		case r.stream != m.stream || r.ended.Load():
		case !p.connected:
			r.stream, r.resend = nil, true
		default:
			r.stream, r.repeated = nil, true
			webhookTransport{d, p}.sendTask(r)
		}
	}
}
