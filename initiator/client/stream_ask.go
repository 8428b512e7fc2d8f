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

// ErrLarge says that data is too large for a stream: Client.Submit takes it.
var ErrLarge = fmt.Errorf("a stream takes at most %d bytes of data; submit it over HTTP", stream.MaxPayload)

// Go submits a task and returns at once what its end can be waited for with,
// or where stream.MaxOpenRequests are under way as soon as one is not. A request
// without ID and Key gets an ID; its Data must stay as it is until the end. The
// error of the future is an *Error as Client.Submit has it, *Broken, ErrLarge,
// ErrClosed wrapped, or ctx's while it waited for its turn.
func (s *Stream) Go(ctx context.Context, r task.Request) *Future {
	return s.submit(ctx, r, stream.VerbCall, nil)
}

// GoWith is Go for somebody who wants to see the progress of the task.
// Progress is called by the stream's own goroutine, and must not block.
func (s *Stream) GoWith(ctx context.Context, r task.Request, progress func(json.RawMessage)) *Future {
	return s.submit(ctx, r, stream.VerbCall, progress)
}

// Call is Go, and waits. When ctx ends first, the task goes on.
func (s *Stream) Call(ctx context.Context, r task.Request) (End, error) {
	return s.await(ctx, s.Go(ctx, r))
}

// Submit returns when the task is kept. The errors are those of Go.
func (s *Stream) Submit(ctx context.Context, r task.Request) (End, error) {
	return s.await(ctx, s.submit(ctx, r, stream.VerbSubmit, nil))
}

// Wait returns how a task ended, when it has.
func (s *Stream) Wait(ctx context.Context, id uuid.UUID) (End, error) {
	return s.await(ctx, s.about(ctx, id, stream.VerbWait))
}

// Cancel ends a queued task, or asks the worker of a running one to. What was
// submitted on this stream before has arrived before.
func (s *Stream) Cancel(ctx context.Context, id uuid.UUID) (End, error) {
	return s.await(ctx, s.about(ctx, id, stream.VerbCancel))
}

// await waits for a future; when ctx ends first nobody else will.
func (s *Stream) await(ctx context.Context, f *Future) (End, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		s.forget(f, context.Cause(ctx))
		<-f.done
	}
	return f.end, f.err
}

func (s *Stream) submit(ctx context.Context, r task.Request, verb stream.Verb, progress func(json.RawMessage)) *Future {
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID = uuid.Must(uuid.NewV7())
	}
	f := &Future{task: r.ID, waits: verb == stream.VerbCall && r.ID != uuid.Nil, progress: progress, done: make(chan struct{})}
	if len(r.Data) > stream.MaxPayload {
		return f.failed(ErrLarge)
	}
	q := stream.RequestHeader{Verb: verb, Pool: r.Pool, Method: r.Method, Progress: progress != nil}
	var err error
	if q.Options, err = options(&r); err != nil {
		return f.failed(fmt.Errorf("write the request: %w", err))
	}
	return s.ask(ctx, f, &q, r.Data)
}

// options are the members of a request that have no place of their own in the
// header; nil when there are none, as is mostly so.
func options(r *task.Request) ([]byte, error) {
	rest := *r
	rest.Pool, rest.Method, rest.Data = "", "", nil
	if r.Key == "" {
		rest.ID = uuid.Nil // the request's identity names it
	}
	if plain(&rest) {
		return nil, nil
	}
	return json.Marshal(rest)
}

// plain says whether a request holds nothing.
func plain(r *task.Request) bool {
	return r.Key == "" && r.Priority == nil && r.Delay == 0 && r.At.IsZero() && r.Deadline.IsZero() && r.Unique == "" &&
		r.Callback == "" && r.Parent == uuid.Nil && r.Timeout == nil && r.ProgressTimeout == nil && r.Attempts == 0 &&
		r.RetryDelay == nil && r.RetryDelayMax == nil
}

// about asks something about one task.
func (s *Stream) about(ctx context.Context, id uuid.UUID, verb stream.Verb) *Future {
	f := &Future{task: id, waits: verb == stream.VerbWait, elsewhere: id.String(), done: make(chan struct{})}
	return s.ask(ctx, f, &stream.RequestHeader{Verb: verb, Task: f.elsewhere}, nil)
}

// ask sends a request. Its identity is that of the task, unless another request
// of this stream has that: then, and for a task that is not new, it is random.
func (s *Stream) ask(ctx context.Context, f *Future, q *stream.RequestHeader, data []byte) *Future {
	select {
	case s.room <- struct{}{}:
	case <-ctx.Done():
		return f.failed(context.Cause(ctx))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		<-s.room
		return f.failed(&deadError{s.err})
	}
	f.id = chirp.ID(f.task)
	if f.task == uuid.Nil || q.Task != "" || s.futures[f.id] != nil {
		f.id = chirp.NewID()
		if f.task != uuid.Nil {
			f.elsewhere = f.task.String()
		}
		q.Task = f.elsewhere
	}
	s.futures[f.id] = f
	err := s.send(f.id, q, data)
	var size *chirp.SizeError
	switch {
	case err == nil:
	case errors.Is(err, chirp.ErrBacklog), errors.As(err, &size):
		s.settle(f, End{}, fmt.Errorf("ask the initiator: %w", err))
	default:
		f.unsent = &chirp.Message{Identity: f.id, Header: q.Append(nil), Data: data} // for the next connection
	}
	return f
}

// deadError says that the stream had ended before something was asked.
type deadError struct{ err error }

// Error is why the stream ended.
func (e *deadError) Error() string { return "ask the initiator: " + e.err.Error() }

// Unwrap returns it.
func (e *deadError) Unwrap() error { return e.err }

// send queues a request; the lock is held.
func (s *Stream) send(id chirp.ID, q *stream.RequestHeader, data []byte) error {
	var room [128]byte
	return s.conn.Send(chirp.Message{Identity: id, Header: q.Append(room[:0]), Data: data})
}

// forget ends a future whose answer nobody waits for.
func (s *Stream) forget(f *Future, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.futures[f.id] == f {
		_ = s.send(f.id, &stream.RequestHeader{Verb: stream.VerbForget}, nil) // broken: forgotten anyway
		s.settle(f, End{ID: f.task}, why)
	}
}
