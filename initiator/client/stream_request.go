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

// Go submits a task and returns a Future for its end. It blocks only while the
// stream has its full number of open requests. A request without ID and Key gets an
// ID. The caller must not change its Data until the future is done. The future's
// error is an *Error as Client.Submit returns it, *LostConnectionError,
// ErrDataTooLarge, ErrClosed (wrapped), or ctx's cause when ctx ended before the
// request had its turn.
func (s *Stream) Go(ctx context.Context, r task.Request) *Future {
	return s.startSubmit(ctx, r, stream.VerbCall, nil)
}

// GoWithProgress is Go with a function that is called with each progress report of
// the task's handler. The stream's own goroutine calls it: it must not block, and
// must not wait for a reply on this stream.
func (s *Stream) GoWithProgress(ctx context.Context, r task.Request, progress func(json.RawMessage)) *Future {
	return s.startSubmit(ctx, r, stream.VerbCall, progress)
}

// Call submits a task and returns the reply once the task is terminal. When ctx
// ends first, the error is its cause, and the task goes on. It fails otherwise
// as Go does.
func (s *Stream) Call(ctx context.Context, r task.Request) (Reply, error) {
	return s.awaitFuture(ctx, s.Go(ctx, r))
}

// Submit submits a task and returns once its record is stored. It fails as
// Call does.
func (s *Stream) Submit(ctx context.Context, r task.Request) (Reply, error) {
	return s.awaitFuture(ctx, s.startSubmit(ctx, r, stream.VerbSubmit, nil))
}

// Wait returns the reply once a task is terminal. The status of an *Error is 404
// when there is no such task.
func (s *Stream) Wait(ctx context.Context, id uuid.UUID) (Reply, error) {
	return s.awaitFuture(ctx, s.startTaskRequest(ctx, id, stream.VerbWait))
}

// Cancel ends a queued task, or asks the worker of a running task to end it. A
// Cancel never overtakes an earlier submit on this stream. The status of an *Error
// is 404 when there is no such task.
func (s *Stream) Cancel(ctx context.Context, id uuid.UUID) (Reply, error) {
	return s.awaitFuture(ctx, s.startTaskRequest(ctx, id, stream.VerbCancel))
}

// awaitFuture waits for a future that only this caller has. When ctx ends first, it
// withdraws the request.
func (s *Stream) awaitFuture(ctx context.Context, f *Future) (Reply, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		s.forgetRequest(f, context.Cause(ctx))
		<-f.done
	}
	return f.reply, f.err
}

// startSubmit sends a task with the verb call or submit.
func (s *Stream) startSubmit(ctx context.Context, r task.Request, verb stream.Verb, progress func(json.RawMessage)) *Future {
	chosen := chooseID(&r)
	return s.startChosenSubmit(ctx, r, chosen, verb, progress)
}

// startChosenSubmit is startSubmit after chooseID, which has returned chosen.
func (s *Stream) startChosenSubmit(ctx context.Context, r task.Request, chosen uuid.UUID, verb stream.Verb, progress func(json.RawMessage)) *Future {
	f := &Future{
		task: r.ID, chosen: chosen, progress: progress, data: r.Data, done: make(chan struct{}),
		request: stream.RequestHeader{Verb: verb, Pool: r.Pool, Method: r.Method, Progress: progress != nil},
	}
	if len(r.Data) > stream.MaxPayload {
		return f.failUnsent(ErrDataTooLarge)
	}
	var err error
	if f.request.Options, err = marshalOptions(&r); err != nil {
		return f.failUnsent(fmt.Errorf("write the request: %w", err))
	}
	return s.startRequest(ctx, f)
}

// marshalOptions returns the JSON of the members that have no place of their own in
// the header. Most requests have none: the result is then nil.
func marshalOptions(r *task.Request) ([]byte, error) {
	rest := *r
	rest.Pool, rest.Method, rest.Data = "", "", nil
	if r.Key == "" {
		rest.ID = uuid.Nil // the identity of the message is the id
	}
	if hasNoOptions(&rest) {
		return nil, nil
	}
	return json.Marshal(rest)
}

// hasNoOptions reports whether every option of a request has its zero value.
func hasNoOptions(r *task.Request) bool {
	return r.Key == "" && r.Priority == nil && r.Delay == 0 && r.At.IsZero() && r.Deadline.IsZero() && r.Unique == "" &&
		r.Callback == "" && r.Parent == uuid.Nil && r.Timeout == nil && r.ProgressTimeout == nil && r.Attempts == 0 &&
		r.RetryDelay == nil && r.RetryDelayMax == nil && r.AtMostOnce == nil
}

// startTaskRequest sends a request about a task that exists.
func (s *Stream) startTaskRequest(ctx context.Context, id uuid.UUID, verb stream.Verb) *Future {
	return s.startRequest(ctx, &Future{task: id, request: stream.RequestHeader{Verb: verb, Task: id.String()}, done: make(chan struct{})})
}

// startRequest sends a request. The identity of its message is the id of the task.
// It is random when another open request has this identity, and for a task that
// exists: the header then names the task.
func (s *Stream) startRequest(ctx context.Context, f *Future) *Future {
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
	if f.task == uuid.Nil || f.request.Task != "" || s.futures[f.id] != nil {
		f.id = chirp.NewID()
		if f.task != uuid.Nil {
			f.request.Task = f.task.String()
		}
	}
	s.futures[f.id] = f
	s.sendFuture(f)
	return f
}

// sendFuture sends the request of an open future. Without a connection it is left
// for the next connection. The caller holds the lock.
func (s *Stream) sendFuture(f *Future) {
	err := s.sendRequest(f.id, &f.request, f.data)
	var size *chirp.SizeError
	f.unsent = false
	switch {
	case err == nil:
	case errors.Is(err, chirp.ErrBacklog), errors.As(err, &size):
		s.settleFuture(f, Reply{}, fmt.Errorf("ask the initiator: %w", err))
	default:
		f.unsent = true
	}
}

// streamEndedError says that the stream had ended before the request was made.
type streamEndedError struct{ err error }

// Error says why the stream has ended.
func (e *streamEndedError) Error() string { return "ask the initiator: " + e.err.Error() }

// Unwrap returns the reason of the stream's end.
func (e *streamEndedError) Unwrap() error { return e.err }

// sendRequest queues a message for the connection. The caller holds the lock.
func (s *Stream) sendRequest(id chirp.ID, q *stream.RequestHeader, data []byte) error {
	var buffer [128]byte
	return s.conn.Send(chirp.Message{Identity: id, Header: q.Append(buffer[:0]), Data: data})
}

// forgetRequest settles a future with an error, and tells the initiator to send no
// reply.
func (s *Stream) forgetRequest(f *Future, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.futures[f.id] == f {
		_ = s.sendRequest(f.id, &stream.RequestHeader{Verb: stream.VerbForget}, nil) // a broken connection sends no reply either
		s.settleFuture(f, Reply{ID: f.task}, why)
	}
}
