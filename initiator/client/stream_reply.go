package client

import (
	"bytes"
	"net/http"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// receiveReply handles one message of the initiator: progress, or the reply to a
// request. A message for a request that is not open any more is dropped.
func (s *Stream) receiveReply(m *chirp.Message) {
	s.receivedReply = true
	if err := s.reply.Parse(m.Header); err != nil {
		s.failAll(err) // the peer is not an initiator: another connection would not help
		s.conn.Close()
		return
	}
	s.mu.Lock()
	f := s.futures[m.Identity]
	if f != nil && !s.reply.Progress {
		s.settleWithReply(f, m.Data)
	}
	s.mu.Unlock()
	if f != nil && s.reply.Progress && f.progress != nil {
		f.progress(bytes.Clone(m.Data))
	}
}

// settleWithReply settles a future with the message that is being read, or starts
// the fetch of its large result. The caller holds the lock.
func (s *Stream) settleWithReply(f *Future, data []byte) {
	r := &s.reply
	if r.Status == stream.StatusRefused {
		s.settleFuture(f, Reply{}, refusalError(f, r))
		return
	}
	reply := Reply{ID: f.task, State: task.State(r.Status), Attempt: r.Attempt, Reason: r.Reason, Known: r.Known}
	if r.Task != "" {
		reply.ID, _ = uuid.Parse(r.Task) // zero when it is not an id
	}
	if r.Large {
		s.fetching.Go(func() { s.fetchResult(f, reply) })
		return
	}
	if len(data) > 0 {
		reply.Result = bytes.Clone(data)
	}
	s.settleFuture(f, reply, nil)
}

// refusalError returns the error that the same request over HTTP would return. When
// a resumed request finds no task, its submit may never have arrived: the error is
// then a *LostConnectionError.
func refusalError(f *Future, r *stream.ReplyHeader) error {
	err := &Error{Status: r.HTTP, Code: r.Code, Message: r.Reason, RetryAfter: r.RetryAfter}
	if f.resumed && r.HTTP == http.StatusNotFound {
		return &LostConnectionError{Task: f.task, Err: err}
	}
	return err
}

// fetchResult gets a result that is too large for the stream over HTTP.
func (s *Stream) fetchResult(f *Future, reply Reply) {
	t, err := s.client.Task(s.ctx, reply.ID)
	reply.Result = t.Result
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleFuture(f, reply, err)
}

// settleFuture gives an open request its reply or error and frees its place. A
// future that is settled already is left as it is. The caller holds the lock.
func (s *Stream) settleFuture(f *Future, reply Reply, err error) {
	if s.futures[f.id] != f {
		return
	}
	delete(s.futures, f.id)
	if reply.ID == uuid.Nil {
		reply.ID = f.task
	}
	f.reply, f.err = reply, err
	close(f.done)
	<-s.openRequests
}
