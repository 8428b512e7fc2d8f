package client

import (
	"bytes"
	"net/http"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// receiveReply handles one message of the initiator, which replies to a request. A
// message for a request that is not open any more is dropped.
func (s *taskStream) receiveReply(m *chirp.Message) {
	if err := s.reply.Parse(m.Header); err != nil {
		s.failAll(err) // the peer is not an initiator: another connection would not help
		s.conn.Close()
		return
	}
	if s.postponeReply(m) {
		return
	}
	s.receivedReply = true
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.futures[m.Identity]; f != nil && !s.reply.Progress {
		s.settleWithReply(f, m.Data)
	}
}

// postponeReply leaves a request open that the initiator refuses because it is about
// to end, and closes the connection: the request continues with the next initiator.
// It reports whether it did so.
func (s *taskStream) postponeReply(m *chirp.Message) bool {
	r := &s.reply
	if r.Status != stream.StatusRefused || !s.client.outage.isBounded() || !isShuttingDown(newRefusalError(r)) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.futures[m.Identity]; f == nil || f.request.Verb == stream.VerbCancel {
		return false
	}
	s.conn.Close()
	return true
}

// settleWithReply settles a future with the message that is being read, or starts
// the fetch of its large result. The caller holds the lock.
func (s *taskStream) settleWithReply(f *future, data []byte) {
	r := &s.reply
	if r.Status == stream.StatusRefused {
		s.settleWithRefusal(f, newRefusalError(r))
		return
	}
	reply := taskReply{ID: f.task, State: task.State(r.Status), Attempt: r.Attempt, Reason: r.Reason}
	if r.Task != "" {
		reply.ID, _ = uuid.Parse(r.Task) // zero when it is not an id
	}
	reply.Known = existedBefore(r.Known, reply.ID, f.chosen)
	if r.Large {
		s.fetching.Go(func() { s.fetchResult(f, reply) })
		return
	}
	if len(data) > 0 {
		reply.Result = bytes.Clone(data)
	}
	s.settleFuture(f, reply, nil)
}

// settleWithRefusal settles a future with a refusal. When the wait for a resumed call
// finds no task, its submit has never arrived: it is sent again. The caller holds
// the lock.
func (s *taskStream) settleWithRefusal(f *future, why *Error) {
	if f.resumed && why.Status == http.StatusNotFound {
		f.resumed = false
		s.sendFuture(f)
		return
	}
	s.settleFuture(f, taskReply{}, why)
}

// newRefusalError returns the error that the same request over HTTP would return.
func newRefusalError(r *stream.ReplyHeader) *Error {
	return &Error{Status: r.HTTP, Code: r.Code, Message: r.Reason, RetryAfter: r.RetryAfter}
}

// fetchResult gets a result that is too large for the stream over HTTP.
func (s *taskStream) fetchResult(f *future, reply taskReply) {
	t, err := s.client.Task(s.ctx, reply.ID)
	reply.Result = t.Result
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleFuture(f, reply, err)
}

// settleFuture gives an open request its reply or error and frees its place. A
// future that is settled already is left as it is. The caller holds the lock.
func (s *taskStream) settleFuture(f *future, reply taskReply, err error) {
	if s.futures[f.id] != f {
		return
	}
	delete(s.futures, f.id)
	if reply.ID == uuid.Nil {
		reply.ID = f.task
	}
	f.reply, f.err, f.data = reply, err, nil
	close(f.done)
	<-s.openRequests
}
