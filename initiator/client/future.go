package client

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// taskReply is what a stream says of a task.
type taskReply struct {
	ID      uuid.UUID
	State   task.State // "" beside an error
	Attempt int        // the number of counted attempts; 0 = none yet
	Reason  string     // "" when the task has completed
	Result  json.RawMessage
	Known   bool // the task existed before this request submitted it
}

// future is one request on a stream, and its reply. Any goroutine may use it.
type future struct {
	id      chirp.ID             // of the request's message
	task    uuid.UUID            // zero when the key makes the id
	chosen  uuid.UUID            // the task, when this request has chosen its id; else zero
	request stream.RequestHeader // its Task is the task's id where the message has another id; else ""
	done    chan struct{}        // closed once reply and err are set
	reply   taskReply
	err     error

	// The stream's lock guards these.
	data    []byte // of the request; nil once the future is settled
	unsent  bool   // there was no connection to send it on
	resumed bool   // a call that was continued as a wait on another connection
}

// failUnsent settles a future whose request was not sent.
func (f *future) failUnsent(err error) *future {
	f.reply, f.err = taskReply{ID: f.task}, err
	close(f.done)
	return f
}

// awaitFuture waits for a future that only this caller has. When ctx ends first, it
// withdraws the request.
func (s *taskStream) awaitFuture(ctx context.Context, f *future) (taskReply, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		s.forgetRequest(f, context.Cause(ctx))
		<-f.done
	}
	return f.reply, f.err
}
