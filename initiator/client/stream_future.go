package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// Future is what becomes of one request on a Stream. Any goroutine may use it.
type Future struct {
	id          chirp.ID // of the request
	task        uuid.UUID
	taskHeader  string // the task's id where that is not the request's; else ""
	waitsForEnd bool   // for the end of a task whose id is known
	progress    func(json.RawMessage)
	done        chan struct{} // closed with the next two
	reply       Reply
	err         error

	// These are the stream's, under its lock.
	unsent  *chirp.Message // there was no connection to send it on
	resumed bool           // asked for again on another connection
}

// TaskID is the task's id; zero where its key makes it.
func (f *Future) TaskID() uuid.UUID { return f.task }

// Done is closed when Wait would not wait.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait waits for the answer, or for ctx, which ends this Wait alone.
func (f *Future) Wait(ctx context.Context) (Reply, error) {
	select {
	case <-f.done:
		return f.reply, f.err
	case <-ctx.Done():
		return Reply{ID: f.task}, context.Cause(ctx)
	}
}

// failUnsent is a future that never was under way.
func (f *Future) failUnsent(err error) *Future {
	f.reply, f.err = Reply{ID: f.task}, err
	close(f.done)
	return f
}

// settleFuture ends a future, if it is under way still; the lock is held.
func (s *Stream) settleFuture(f *Future, end Reply, err error) {
	if s.futures[f.id] != f {
		return
	}
	delete(s.futures, f.id)
	if end.ID == uuid.Nil {
		end.ID = f.task
	}
	f.reply, f.err = end, err
	close(f.done)
	<-s.openRequests
}

// receiveReply takes one answer. One that nobody waits for any more is dropped.
func (s *Stream) receiveReply(m *chirp.Message) {
	s.receivedReply = true
	if err := s.reply.Parse(m.Header); err != nil {
		s.failAll(err) // which nobody can mend; the initiator is not one
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

// settleWithReply settles a future; the lock is held.
func (s *Stream) settleWithReply(f *Future, data []byte) {
	r := &s.reply
	if r.Status == stream.StatusRefused {
		s.settleFuture(f, Reply{}, refusalError(f, r))
		return
	}
	end := Reply{ID: f.task, State: task.State(r.Status), Attempt: r.Attempt, Reason: r.Reason, Known: r.Known}
	if r.Task != "" {
		end.ID, _ = uuid.Parse(r.Task) // what is none stays zero
	}
	if r.Large {
		s.fetching.Go(func() { s.fetchResult(f, end) })
		return
	}
	if len(data) > 0 {
		end.Result = bytes.Clone(data)
	}
	s.settleFuture(f, end, nil)
}

// refusalError is the error that the same request over HTTP would have had. A task
// that is not known where it is asked for again may never have arrived.
func refusalError(f *Future, r *stream.ReplyHeader) error {
	err := &Error{Status: r.HTTP, Code: r.Code, Message: r.Reason, RetryAfter: r.RetryAfter}
	if f.resumed && r.HTTP == http.StatusNotFound {
		return &LostConnectionError{Task: f.task, Err: err}
	}
	return err
}

// fetchResult gets a result that was too large, over HTTP.
func (s *Stream) fetchResult(f *Future, end Reply) {
	t, err := s.client.Task(s.ctx, end.ID)
	end.Result = t.Result
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleFuture(f, end, err)
}
