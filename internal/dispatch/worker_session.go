package dispatch

import (
	"sync/atomic"
	"time"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// workerSession is one connection to one incarnation of a worker. Its fields are
// atomics, because heartbeats must not wait for tasks: the webhook writes what
// it was told and reads what to answer, and the loop looks at it when it
// checks the beats.
type workerSession struct {
	workerID
	token         string
	channel       int
	lastHeartbeat atomic.Pointer[heartbeat] // set before the worker is judged by it
	nextAnswer    atomic.Pointer[proactor.HeartbeatAnswer]
}

// heartbeat is one heartbeat. It does not change.
type heartbeat struct {
	at   time.Time
	body *proactor.HeartbeatBody // nil for that of a ding slave
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

// publishChannels publishes which channels are in use, for requests without a
// session.
func (d *Dispatcher) publishChannels() {
	in := map[int]bool{0: true}
	d.sessions.Range(func(_, s any) bool {
		in[s.(*workerSession).channel] = true
		return true
	})
	d.channels.Store(in)
}

// CheckChannel tells which channel the holder of a session token must name. known
// is false when there is no such session; allowed then says whether any
// session uses that channel.
func (d *Dispatcher) CheckChannel(token string, named int) (allowed, known bool) {
	if s, ok := d.sessions.Load(token); ok {
		return s.(*workerSession).channel == named, true
	}
	return d.channels.Load().(map[int]bool)[named], false
}

// RecordHeartbeat notes a worker's heartbeat and returns what to answer. It takes no
// lock and asks nobody. It reports false when there is no such session.
func (d *Dispatcher) RecordHeartbeat(token string, body *proactor.HeartbeatBody) (*proactor.HeartbeatAnswer, bool) {
	found, ok := d.sessions.Load(token)
	if !ok {
		return nil, false
	}
	return found.(*workerSession).recordHeartbeat(body)
}

// recordHeartbeat is Heartbeat for a session that is known.
func (s *workerSession) recordHeartbeat(body *proactor.HeartbeatBody) (*proactor.HeartbeatAnswer, bool) {
	if body != nil && body.Incarnation != 0 && body.Incarnation != s.incarnation {
		return nil, false
	}
	s.lastHeartbeat.Store(&heartbeat{time.Now(), body})
	return s.nextAnswer.Load(), true
}
