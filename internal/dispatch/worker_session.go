package dispatch

import (
	"sync/atomic"
	"time"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// workerSession is the part of a worker's connection that webhooks and streams
// use without asking the loop. Its fields are atomics, because heartbeats must
// not wait for tasks: the receiver of a heartbeat stores it and reads the
// answer, and the loop reads the stored heartbeat when it checks.
type workerSession struct {
	workerID
	token         string
	channel       int
	lastHeartbeat atomic.Pointer[heartbeat] // set before the worker is checked
	nextAnswer    atomic.Pointer[proactor.HeartbeatAnswer]
}

// heartbeat is one received heartbeat. It is never changed.
type heartbeat struct {
	at   time.Time
	body *proactor.HeartbeatBody // nil = from a legacy worker
}

func (d *Dispatcher) openWorkerSession(p *workerConn) *workerSession {
	s := &workerSession{workerID: p.workerID, token: p.Session.Token, channel: p.Channel}
	if s.token == "" {
		s.token = webhook.NewToken()
	}
	d.sessions.Store(s.token, s)
	d.publishChannels()
	return s
}

func (d *Dispatcher) closeWorkerSession(p *workerConn) {
	d.sessions.Delete(p.session.token)
	d.publishChannels()
}

// publishChannels publishes the channels in use, for requests without a
// session.
func (d *Dispatcher) publishChannels() {
	in := map[int]bool{0: true}
	d.sessions.Range(func(_, s any) bool {
		in[s.(*workerSession).channel] = true
		return true
	})
	d.channels.Store(in)
}

// CheckChannel reports whether a request may name that channel. known is false
// when no session has the token; allowed then says whether any session uses the
// channel.
func (d *Dispatcher) CheckChannel(token string, named int) (allowed, known bool) {
	if s, ok := d.sessions.Load(token); ok {
		return s.(*workerSession).channel == named, true
	}
	return d.channels.Load().(map[int]bool)[named], false
}

// RecordHeartbeat stores a heartbeat and returns the answer to it. It takes no
// lock and does not wait for the loop. It returns false when no session has the
// token, or when the heartbeat is from another incarnation.
func (d *Dispatcher) RecordHeartbeat(token string, body *proactor.HeartbeatBody) (*proactor.HeartbeatAnswer, bool) {
	found, ok := d.sessions.Load(token)
	if !ok {
		return nil, false
	}
	return found.(*workerSession).recordHeartbeat(body)
}

// recordHeartbeat is RecordHeartbeat for a session that was found.
func (s *workerSession) recordHeartbeat(body *proactor.HeartbeatBody) (*proactor.HeartbeatAnswer, bool) {
	if body != nil && body.Incarnation != 0 && body.Incarnation != s.incarnation {
		return nil, false
	}
	s.lastHeartbeat.Store(&heartbeat{time.Now(), body})
	return s.nextAnswer.Load(), true
}
