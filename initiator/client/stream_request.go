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

// startCall sends the submission of a task, and returns a future for the end of the
// task. It blocks only while the stream has its full number of open requests. The
// request has an ID or a Key; chosen is the ID if this client has chosen it. The
// caller must not change the data until the future is done.
func (s *taskStream) startCall(ctx context.Context, r task.Request, chosen uuid.UUID) *future {
	f := &future{
		task: r.ID, chosen: chosen, data: r.Data, done: make(chan struct{}),
		request: stream.RequestHeader{Verb: stream.VerbCall, Pool: r.Pool, Method: r.Method},
	}
	var err error
	if f.request.Options, err = marshalOptions(&r); err != nil {
		return f.failUnsent(fmt.Errorf("write the request: %w: %w", task.ErrInvalid, err))
	}
	return s.startRequest(ctx, f)
}

// cancelTask ends a queued task, or asks the worker of a running task to end it. It
// never overtakes an earlier call on this stream.
func (s *taskStream) cancelTask(ctx context.Context, id uuid.UUID) (taskReply, error) {
	f := &future{task: id, request: stream.RequestHeader{Verb: stream.VerbCancel, Task: id.String()}, done: make(chan struct{})}
	return s.awaitFuture(ctx, s.startRequest(ctx, f))
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

// startRequest sends a request. The identity of its message is the id of the task.
// It is random when another open request has this identity, and for a task that
// exists: the header then names the task.
func (s *taskStream) startRequest(ctx context.Context, f *future) *future {
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
func (s *taskStream) sendFuture(f *future) {
	err := s.sendRequest(f.id, &f.request, f.data)
	var size *chirp.SizeError
	f.unsent = false
	switch {
	case err == nil:
	case errors.Is(err, chirp.ErrBacklog), errors.As(err, &size):
		s.settleFuture(f, taskReply{}, fmt.Errorf("ask the initiator: %w", err))
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
func (s *taskStream) sendRequest(id chirp.ID, q *stream.RequestHeader, data []byte) error {
	var buffer [128]byte
	return s.conn.Send(chirp.Message{Identity: id, Header: q.Append(buffer[:0]), Data: data})
}

// forgetRequest settles a future with an error, and tells the initiator to send no
// reply.
func (s *taskStream) forgetRequest(f *future, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.futures[f.id] == f {
		_ = s.sendRequest(f.id, &stream.RequestHeader{Verb: stream.VerbForget}, nil) // a broken connection sends no reply either
		s.settleFuture(f, taskReply{ID: f.task}, why)
	}
}
