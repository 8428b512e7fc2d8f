package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// ErrDataTooLarge says that data is too large for a stream: Client.Submit takes it.
var ErrDataTooLarge = fmt.Errorf("a stream takes at most %d bytes of data; submit it over HTTP", stream.MaxPayload)

// Go submits a task and returns at once what its end can be waited for with,
// or where stream.MaxOpenRequests are under way as soon as one is not. A request
// without ID and Key gets an ID; its Data must stay as it is until the end. The
// error of the future is an *Error as Client.Submit has it, *Broken, ErrDataTooLarge,
// ErrClosed wrapped, or ctx's while it waited for its turn.
func (s *Stream) Go(ctx context.Context, r task.Request) *Future {
	return s.startSubmit(ctx, r, stream.VerbCall, nil)
}

// GoWithProgress is Go for somebody who wants to see the progress of the task.
// Progress is called by the stream's own goroutine, and must not block.
func (s *Stream) GoWithProgress(ctx context.Context, r task.Request, progress func(json.RawMessage)) *Future {
	return s.startSubmit(ctx, r, stream.VerbCall, progress)
}

// Call is Go, and waits. When ctx ends first, the task goes on.
func (s *Stream) Call(ctx context.Context, r task.Request) (Reply, error) {
	return s.awaitFuture(ctx, s.Go(ctx, r))
}

// Submit returns when the task is kept. The errors are those of Go.
func (s *Stream) Submit(ctx context.Context, r task.Request) (Reply, error) {
	return s.awaitFuture(ctx, s.startSubmit(ctx, r, stream.VerbSubmit, nil))
}

// Wait returns how a task ended, when it has.
func (s *Stream) Wait(ctx context.Context, id uuid.UUID) (Reply, error) {
	return s.awaitFuture(ctx, s.startTaskRequest(ctx, id, stream.VerbWait))
}

// Cancel ends a queued task, or asks the worker of a running one to. What was
// submitted on this stream before has arrived before.
func (s *Stream) Cancel(ctx context.Context, id uuid.UUID) (Reply, error) {
	return s.awaitFuture(ctx, s.startTaskRequest(ctx, id, stream.VerbCancel))
}

// awaitFuture waits for a future; when ctx ends first nobody else will.
func (s *Stream) awaitFuture(ctx context.Context, f *Future) (Reply, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		s.forgetRequest(f, context.Cause(ctx))
		<-f.done
	}
	return f.reply, f.err
}

func (s *Stream) startSubmit(ctx context.Context, r task.Request, verb stream.Verb, progress func(json.RawMessage)) *Future {
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID = uuid.Must(uuid.NewV7())
	}
	f := &Future{task: r.ID, waitsForEnd: verb == stream.VerbCall && r.ID != uuid.Nil, progress: progress, done: make(chan struct{})}
	if len(r.Data) > stream.MaxPayload {
		return f.failUnsent(ErrDataTooLarge)
	}
	q := stream.RequestHeader{Verb: verb, Pool: r.Pool, Method: r.Method, Progress: progress != nil}
	var err error
	if q.Options, err = marshalOptions(&r); err != nil {
		return f.failUnsent(fmt.Errorf("write the request: %w", err))
	}
	return s.startRequest(ctx, f, &q, r.Data)
}

// marshalOptions are the members of a request that have no place of their own in the
// header; nil when there are none, as is mostly so.
func marshalOptions(r *task.Request) ([]byte, error) {
	rest := *r
	rest.Pool, rest.Method, rest.Data = "", "", nil
	if r.Key == "" {
		rest.ID = uuid.Nil // the request's identity names it
	}
	if hasNoOptions(&rest) {
		return nil, nil
	}
	return json.Marshal(rest)
}

// hasNoOptions says whether a request holds nothing.
func hasNoOptions(r *task.Request) bool {
	return r.Key == "" && r.Priority == nil && r.Delay == 0 && r.At.IsZero() && r.Deadline.IsZero() && r.Unique == "" &&
		r.Callback == "" && r.Parent == uuid.Nil && r.Timeout == nil && r.ProgressTimeout == nil && r.Attempts == 0 &&
		r.RetryDelay == nil && r.RetryDelayMax == nil
}

// startTaskRequest asks something about one task.
func (s *Stream) startTaskRequest(ctx context.Context, id uuid.UUID, verb stream.Verb) *Future {
	f := &Future{task: id, waitsForEnd: verb == stream.VerbWait, taskHeader: id.String(), done: make(chan struct{})}
	return s.startRequest(ctx, f, &stream.RequestHeader{Verb: verb, Task: f.taskHeader}, nil)
}

// startRequest sends a request. Its identity is that of the task, unless another request
// of this stream has that: then, and for a task that is not new, it is random.
func (s *Stream) startRequest(ctx context.Context, f *Future, q *stream.RequestHeader, data []byte) *Future {
	select {
	case s.openRequests <- struct{}{}:
	case <-ctx.Done():
		return f.failUnsent(context.Cause(ctx))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		<-s.openRequests
		return f.failUnsent(&streamEndedError{s.err})
	}
	f.id = chirp.ID(f.task)
	if f.task == uuid.Nil || q.Task != "" || s.futures[f.id] != nil {
		f.id = chirp.NewID()
		if f.task != uuid.Nil {
			f.taskHeader = f.task.String()
		}
		q.Task = f.taskHeader
	}
	s.futures[f.id] = f
	err := s.sendRequest(f.id, q, data)
	var size *chirp.SizeError
	switch {
	case err == nil:
	case errors.Is(err, chirp.ErrBacklog), errors.As(err, &size):
		s.settleFuture(f, Reply{}, fmt.Errorf("ask the initiator: %w", err))
	default:
		f.unsent = &chirp.Message{Identity: f.id, Header: q.Append(nil), Data: data} // for the next connection
	}
	return f
}

// streamEndedError says that the stream had ended before something was asked.
type streamEndedError struct{ err error }

// Error is why the stream ended.
func (e *streamEndedError) Error() string { return "ask the initiator: " + e.err.Error() }

// Unwrap returns it.
func (e *streamEndedError) Unwrap() error { return e.err }

// sendRequest queues a request; the lock is held.
func (s *Stream) sendRequest(id chirp.ID, q *stream.RequestHeader, data []byte) error {
	var room [128]byte
	return s.conn.Send(chirp.Message{Identity: id, Header: q.Append(room[:0]), Data: data})
}

// forgetRequest ends a future whose answer nobody waits for.
func (s *Stream) forgetRequest(f *Future, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.futures[f.id] == f {
		_ = s.sendRequest(f.id, &stream.RequestHeader{Verb: stream.VerbForget}, nil) // broken: forgotten anyway
		s.settleFuture(f, Reply{ID: f.task}, why)
	}
}
