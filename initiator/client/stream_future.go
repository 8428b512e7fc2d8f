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
	id        chirp.ID // of the request
	task      uuid.UUID
	elsewhere string // the task's id where that is not the request's; else ""
	waits     bool   // for the end of a task whose id is known
	progress  func(json.RawMessage)
	done      chan struct{} // closed with the next two
	end       End
	err       error

	// These are the stream's, under its lock.
	unsent  *chirp.Message // there was no connection to send it on
	resumed bool           // asked for again on another connection
}

// Task is the task's id; zero where its key makes it.
func (f *Future) Task() uuid.UUID { return f.task }

// Done is closed when Wait would not wait.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait waits for the answer, or for ctx, which ends this Wait alone.
func (f *Future) Wait(ctx context.Context) (End, error) {
	select {
	case <-f.done:
		return f.end, f.err
	case <-ctx.Done():
		return End{ID: f.task}, context.Cause(ctx)
	}
}

// failed is a future that never was under way.
func (f *Future) failed(err error) *Future {
	f.end, f.err = End{ID: f.task}, err
	close(f.done)
	return f
}

// settle ends a future, if it is under way still; the lock is held.
func (s *Stream) settle(f *Future, end End, err error) {
	if s.futures[f.id] != f {
		return
	}
	delete(s.futures, f.id)
	if end.ID == uuid.Nil {
		end.ID = f.task
	}
	f.end, f.err = end, err
	close(f.done)
	<-s.room
}

// receive takes one answer. One that nobody waits for any more is dropped.
func (s *Stream) receive(m *chirp.Message) {
	s.heard = true
	if err := s.reply.Parse(m.Header); err != nil {
		s.end(err) // which nobody can mend; the initiator is not one
		s.conn.Close()
		return
	}
	s.mu.Lock()
	f := s.futures[m.Identity]
	if f != nil && !s.reply.Progress {
		s.answered(f, m.Data)
	}
	s.mu.Unlock()
	if f != nil && s.reply.Progress && f.progress != nil {
		f.progress(bytes.Clone(m.Data))
	}
}

// answered settles a future; the lock is held.
func (s *Stream) answered(f *Future, data []byte) {
	r := &s.reply
	if r.Status == stream.StatusRefused {
		s.settle(f, End{}, refused(f, r))
		return
	}
	end := End{ID: f.task, State: task.State(r.Status), Attempt: r.Attempt, Reason: r.Reason, Known: r.Known}
	if r.Task != "" {
		end.ID, _ = uuid.Parse(r.Task) // what is none stays zero
	}
	if r.Large {
		s.fetching.Go(func() { s.fetch(f, end) })
		return
	}
	if len(data) > 0 {
		end.Result = bytes.Clone(data)
	}
	s.settle(f, end, nil)
}

// refused is the error that the same request over HTTP would have had. A task
// that is not known where it is asked for again may never have arrived.
func refused(f *Future, r *stream.ReplyHeader) error {
	err := &Error{Status: r.HTTP, Code: r.Code, Message: r.Reason, RetryAfter: r.RetryAfter}
	if f.resumed && r.HTTP == http.StatusNotFound {
		return &Broken{Task: f.task, Err: err}
	}
	return err
}

// fetch gets a result that was too large, over HTTP.
func (s *Stream) fetch(f *Future, end End) {
	t, err := s.c.Task(s.ctx, end.ID)
	end.Result = t.Result
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(f, end, err)
}
