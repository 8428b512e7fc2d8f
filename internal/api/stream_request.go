package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bytebudget"
	"initiator/internal/dispatch"
	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// clientStream is one client's stream. One goroutine reads, and begins the
// requests. The goroutine that has a result sends the reply, which is mostly the
// loop of the dispatcher.
type clientStream struct {
	*streamServer
	conn   *chirp.Conn
	header stream.RequestHeader // of the message being read
	ctx    context.Context      // of the stream
	cancel context.CancelFunc
	group  sync.WaitGroup // the goroutines of rare requests
	// unstored and body limit the data of tasks that are not stored yet: of this
	// stream, and of all streams of the client.
	unstored *bytebudget.Budget
	body     *heldBody

	mu       sync.Mutex
	requests map[chirp.ID]*streamRequest // that are open; nil after the end
}

// streamRequest is one request that is open.
type streamRequest struct {
	*clientStream
	id           chirp.ID            // of the request
	wait         *dispatch.AsyncWait // owned by the reader; nil = the dispatcher was not asked
	stopProgress context.CancelFunc  // ends the progress messages; nil = there are none
}

// receiveRequest begins one request. A header that cannot be read ends the stream.
func (c *clientStream) receiveRequest(m *chirp.Message) {
	if err := c.header.Parse(m.Header); err != nil {
		c.log.Warn("a client's stream", "error", err)
		c.conn.Close()
		return
	}
	if c.header.Verb == stream.VerbForget {
		c.forgetRequest(m.Identity)
		return
	}
	r, reason := c.openRequest(m.Identity)
	if r == nil {
		c.sendRefusal(m.Identity, webhook.QueueFull, reason)
		return
	}
	if fault := c.header.Fault; fault != nil {
		r.refuseRequest(webhook.BadBody, "the header: "+fault.Error()+`; options of the task belong in "o"`)
		return
	}
	switch c.header.Verb {
	case stream.VerbCall, stream.VerbSubmit:
		r.startSubmit(m)
	case stream.VerbWait:
		r.startWait()
	case stream.VerbCancel:
		r.startCancel()
	default:
		r.refuseRequest(webhook.BadBody, "this initiator does not know the verb; it is older than the client")
	}
}

// openRequest adds a request. It returns nil and the reason when there are too
// many.
func (c *clientStream) openRequest(id chirp.ID) (r *streamRequest, reason string) {
	r = &streamRequest{clientStream: c, id: id}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) >= stream.MaxOpenRequests {
		return nil, fmt.Sprintf("this client has %d requests under way; wait for some of them", stream.MaxOpenRequests)
	}
	if c.requests[id] != nil {
		return nil, "a request of this identity is under way; choose another, and name the task with id"
	}
	c.requests[id] = r
	return r, ""
}

// closeRequest removes a request, and reports whether it was still open: only one
// of several goroutines that end it sends the reply.
func (r *streamRequest) closeRequest() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.requests[r.id] != r {
		return false
	}
	delete(r.requests, r.id)
	if r.stopProgress != nil {
		r.stopProgress()
	}
	return true
}

// decodeTask is the task that the request submits.
func (r *streamRequest) decodeTask(m *chirp.Message) (q task.Request, err error) {
	h := &r.header
	if len(h.Options) > 0 {
		if err := decodeRequest(h.Options, &q); err != nil {
			return q, fmt.Errorf("the options: %w", err)
		}
		if q.Data != nil {
			return q, errors.New("the options: the data of a task is the data of the message")
		}
	}
	if h.Pool != "" {
		q.Pool = h.Pool
	}
	if h.Method != "" {
		q.Method = h.Method
	}
	if q.ID == uuid.Nil && q.Key == "" {
		q.ID, err = r.taskID()
	}
	q.Data = bytes.Clone(m.Data)
	return q, err
}

// taskID is the id of the task that the request is about.
func (r *streamRequest) taskID() (uuid.UUID, error) {
	if r.header.Task == "" {
		return uuid.UUID(r.id), nil
	}
	return decodeTaskID(r.header.Task)
}

func (r *streamRequest) startSubmit(m *chirp.Message) {
	if len(m.Data) > stream.MaxPayload {
		r.refuseRequest(webhook.BodyTooLarge, fmt.Sprintf("the data has %d bytes, and a stream takes %d; use POST /api/v1/tasks", len(m.Data), stream.MaxPayload))
		return
	}
	q, err := r.decodeTask(m)
	switch {
	case err != nil:
		r.refuseRequest(webhook.BadBody, err.Error())
	case r.header.Verb == stream.VerbSubmit:
		r.wait = r.Tasks.SubmitAsync(q, r.reserveData(q, r.sendResult), nil)
	case r.header.Progress:
		r.wait = r.Tasks.SubmitAsync(q, r.reserveData(q, r.sendProgress), r.sendResult)
	default:
		r.wait = r.Tasks.SubmitAsync(q, r.reserveData(q, nil), r.sendResult)
	}
}

// reserveData is reserveData for a request.
func (r *streamRequest) reserveData(q task.Request, taken func(task.Task, error)) func(task.Task, error) {
	return reserveData(r.ctx, r.unstored.Reserve, r.body.reserve, len(q.Data), taken)
}

func (r *streamRequest) startWait() {
	id, err := r.taskID()
	if err != nil {
		r.refuseRequest(webhook.BadBody, err.Error())
		return
	}
	if r.header.Progress {
		r.sendProgress(task.Task{ID: id}, nil)
	}
	r.wait = r.Tasks.WaitAsync(id, r.sendResult)
}

func (r *streamRequest) startCancel() {
	id, err := r.taskID()
	if err != nil {
		r.refuseRequest(webhook.BadBody, err.Error())
		return
	}
	r.group.Go(func() { r.sendResult(r.Tasks.Cancel(r.ctx, id, cancelReason)) })
}

// forgetRequest closes a request whose reply the client does not want any more.
func (c *clientStream) forgetRequest(id chirp.ID) {
	c.mu.Lock()
	r := c.requests[id]
	c.mu.Unlock()
	if r != nil && r.closeRequest() && r.wait != nil {
		r.wait.Forget()
	}
}

// dropRequests closes all requests when the stream has ended, and waits for their
// goroutines. The tasks go on.
func (c *clientStream) dropRequests() {
	c.cancel()
	c.mu.Lock()
	open := c.requests
	c.requests = nil
	c.mu.Unlock()
	for _, r := range open {
		if r.wait != nil {
			r.wait.Forget()
		}
	}
	c.group.Wait()
}
