package dispatch

import (
	"sync/atomic"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/bytebudget"
	"initiator/internal/webhook"
)

// workerSession is the part of a worker's connection that webhooks and streams
// use without asking the loop. Its fields are atomics, because heartbeats must
// not wait for tasks: the receiver of a heartbeat stores it and reads the
// answer, and the loop reads the stored heartbeat when it checks.
type workerSession struct {
	workerID
	token         string
	channel       int
	slots         int                       // of the worker's definition, at least 1
	results       *bytebudget.Budget        // of results that arrive
	heartbeats    *bytebudget.Budget        // of heartbeats that arrive
	warned        atomic.Bool               // a refused heartbeat was logged
	lastHeartbeat atomic.Pointer[heartbeat] // set before the worker is checked
	nextAnswer    atomic.Pointer[webhook.HeartbeatAnswer]
}

// heartbeat is one received heartbeat. It is never changed.
type heartbeat struct {
	at      time.Time
	legacy  bool // it lists nothing: it is from a legacy worker, or stands for the beginning of a session
	running []listedTask
	rss     int64 // resident bytes; 0 = not known
}

func newWorkerSession(id workerID, token string, channel, slots int) *workerSession {
	return &workerSession{
		workerID: id, token: token, channel: channel, slots: max(slots, 1),
		results: bytebudget.New(bounds.PeerBodies), heartbeats: bytebudget.New(bounds.PeerBodies),
	}
}

func (d *Dispatcher) openWorkerSession(p *workerConn) *workerSession {
	s := newWorkerSession(p.workerID, p.Session.Token, p.Channel, p.Slots)
	if s.token == "" {
		s.token = webhook.NewToken()
	}
	d.sessions.Store(s.token, s)
	d.countChannel(s.channel, 1)
	return s
}

func (d *Dispatcher) closeWorkerSession(p *workerConn) {
	d.sessions.Delete(p.session.token)
	d.countChannel(p.session.channel, -1)
}

// countChannel counts the sessions of a channel, and publishes the channels in
// use, for requests without a session, when they have changed.
func (d *Dispatcher) countChannel(channel, by int) {
	before := d.channelCounts[channel]
	if d.channelCounts[channel] += by; d.channelCounts[channel] == 0 {
		delete(d.channelCounts, channel)
	}
	if before > 0 && d.channelCounts[channel] > 0 {
		return
	}
	in := map[int]bool{0: true}
	for used := range d.channelCounts {
		in[used] = true
	}
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

// RecordHeartbeat stores a heartbeat and returns the answer to it; nil = none.
// It takes no lock and does not wait for the loop. Errors: task.ErrNotFound when
// no session has the token, or when the heartbeat is from another incarnation;
// *ListedTasksError, which is also logged.
func (d *Dispatcher) RecordHeartbeat(token string, body *webhook.HeartbeatBody) (*webhook.HeartbeatAnswer, error) {
	found, ok := d.sessions.Load(token)
	if !ok {
		return nil, task.ErrNotFound
	}
	return d.recordHeartbeat(found.(*workerSession), body)
}

// recordHeartbeat is RecordHeartbeat for a session that was found.
func (d *Dispatcher) recordHeartbeat(s *workerSession, body *webhook.HeartbeatBody) (*webhook.HeartbeatAnswer, error) {
	if body != nil && body.Incarnation != 0 && body.Incarnation != s.incarnation {
		return nil, task.ErrNotFound
	}
	b, err := newHeartbeat(body, s.slots)
	if err != nil {
		d.warnOfHeartbeat(s, err.Error())
		return nil, err
	}
	s.lastHeartbeat.Store(b)
	return s.nextAnswer.Load(), nil
}
