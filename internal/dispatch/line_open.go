package dispatch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

const (
	// helloTimeout is how long the opening of a stream may take. While a
	// worker that has promised one is waited for, it gets no task.
	helloTimeout = 2 * time.Second
	// Pauses before a stream that broke is opened again, doubling.
	linePause    = 50 * time.Millisecond
	linePauseMax = 30 * time.Second
	// lineSteady is how long a stream must have lasted to be trusted again.
	lineSteady = time.Minute
	// lineBuffer is read ahead from each stream: little, because there may be
	// a thousand, most of them idle; a dozen answers fit.
	lineBuffer = 4 << 10
	// lineBacklog is what may wait to be written to a worker that does not
	// read. What is more goes by webhook.
	lineBacklog = 8 << 20
)

var errStranger = errors.New("the other end is not this incarnation: its identity differs")

// openLine makes a stream of the connection that the worker was born with, or
// else of a new one.
func (d *Dispatcher) openLine(ctx context.Context, p *peer, born net.Conn) (*line, error) {
	ctx, cancel := context.WithTimeout(ctx, d.helloTimeout)
	defer cancel()
	nc, token := born, p.Token
	if born == nil {
		var err error
		if nc, err = d.askLine(ctx, p); err != nil {
			return nil, err
		}
		token = p.session.token
	}
	id := chirp.TokenID(token)
	l := &line{d: d, p: p, session: p.session, flood: int32(min(2*p.Slots, 1<<20) + floodSlack)}
	l.conn = chirp.NewConn(nc, chirp.ConnOptions{
		Handshake:  chirp.Handshake{Node: id},
		MaxMessage: stream.MaxMessage, ReadBuffer: lineBuffer, Backlog: lineBacklog,
		OnReadIdle: l.lull,
	})
	theirs, err := l.conn.ExchangeHandshakes(ctx)
	if err == nil && theirs.Node != id {
		l.conn.Close()
		err = errStranger
	}
	if err != nil {
		return nil, fmt.Errorf("open the stream to %s: %w", p.who, err)
	}
	return l, nil
}

// askLine asks the worker's own port for a stream.
func (d *Dispatcher) askLine(ctx context.Context, p *peer) (net.Conn, error) {
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

// firstLine opens the stream of a worker that has just been connected. Without
// one it gets its tasks by webhook.
func (d *Dispatcher) firstLine(ctx context.Context, p *peer, born net.Conn) *line {
	l, err := d.openLine(ctx, p, born)
	if err != nil && born != nil && ctx.Err() == nil {
		d.log.Debug("the stream that it was born with", "worker", p.who, "error", err)
		l, err = d.openLine(ctx, p, nil)
	}
	if err != nil {
		d.log.Debug("no stream: tasks go by webhook", "worker", p.who, "error", err)
	}
	return l
}

// keepLine serves a stream, and opens another one when it breaks, until ctx
// ends or the worker has none any more.
func (d *Dispatcher) keepLine(ctx context.Context, p *peer, l *line) {
	pause := linePause
	for {
		began := time.Now()
		if l != nil {
			d.serveLine(ctx, l)
		}
		if time.Since(began) > lineSteady {
			pause = linePause
		}
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, linePauseMax)
		var err error
		l, err = d.openLine(ctx, p, nil)
		if errors.Is(err, stream.ErrUnsupported) {
			return // a new session may have one
		}
		if l != nil {
			d.box.Put(lineOpened{l})
		}
	}
}

// serveLine reads until the stream or ctx ends.
func (d *Dispatcher) serveLine(ctx context.Context, l *line) {
	stop := context.AfterFunc(ctx, l.conn.Close)
	err := l.conn.Serve(l.receive)
	stop()
	if ctx.Err() == nil {
		d.log.Debug("a stream ended", "worker", l.p.who, "error", err)
	}
	d.box.Put(lineEnded{l})
}

type lineOpened struct{ l *line }

func (m lineOpened) apply(d *Dispatcher, _ time.Time) {
	if p := m.l.p; d.peers[p.who] == p {
		p.use(m.l)
	}
}

// use makes a stream the worker's, and says on it at once what would have
// waited for a heartbeat.
func (p *peer) use(l *line) {
	p.way = l
	p.tellCancel()
}

type lineEnded struct{ l *line }

// apply asks again for what was given on the stream and not answered. The
// worker knows id and attempt, and runs nothing twice.
func (m lineEnded) apply(d *Dispatcher, _ time.Time) {
	p := m.l.p
	if p.way == m.l {
		p.way = webhook{d, p}
	}
	if d.peers[p.who] != p {
		return
	}
	for _, r := range p.running {
		if r.line == m.l && !r.over.Load() {
			r.line = nil
			webhook{d, p}.give(r)
		}
	}
}
