package client

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// Reply is what the initiator says of a task: how it ended, or for a Submit or a
// Cancel in which state it is.
type Reply struct {
	ID      uuid.UUID
	State   task.State // "" beside an error
	Attempt int        // the number of counted attempts; 0 = none yet
	Reason  string     // for people; "" when the task has completed
	Result  json.RawMessage
	// Known says that the task existed before this request submitted it.
	Known bool
}

// Future is one request on a Stream, and its reply. Any goroutine may use it.
type Future struct {
	id       chirp.ID             // of the request's message
	task     uuid.UUID            // zero when the key makes the id
	chosen   uuid.UUID            // the task, when this request has chosen its id; else zero
	request  stream.RequestHeader // its Task is the task's id where the message has another id; else ""
	progress func(json.RawMessage)
	done     chan struct{} // closed once reply and err are set
	reply    Reply
	err      error

	// The stream's lock guards these.
	data    []byte // of the request; nil once the future is settled
	unsent  bool   // there was no connection to send it on
	resumed bool   // a call that was continued as a wait on another connection
}

// TaskID returns the task's id; zero when the initiator makes the id from the
// request's key.
func (f *Future) TaskID() uuid.UUID { return f.task }

// Done returns a channel that is closed when the reply or an error is there.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait returns the reply, or the error that Stream.Go lists. When ctx ends first, it
// returns ctx's cause; the request goes on, and Wait may be called again.
func (f *Future) Wait(ctx context.Context) (Reply, error) {
	select {
	case <-f.done:
		return f.reply, f.err
	case <-ctx.Done():
		return Reply{ID: f.task}, context.Cause(ctx)
	}
}

// failUnsent settles a future whose request was not sent.
func (f *Future) failUnsent(err error) *Future {
	f.reply, f.err = Reply{ID: f.task}, err
	close(f.done)
	return f
}
