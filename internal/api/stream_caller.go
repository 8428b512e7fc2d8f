package api

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"initiator/internal/dispatch"
	"initiator/internal/queue"
	"initiator/internal/stream"
	"initiator/proactor"
	"initiator/proactor/chirp"
)

// caller is a client on its stream. One goroutine reads, and begins what is
// asked; answers are sent by whoever has them, which is mostly the loop of the
// dispatcher.
type caller struct {
	*streams
	conn     *chirp.Conn
	question stream.RequestHeader // of the message being read
	ctx      context.Context      // of the stream
	cancel   context.CancelFunc
	group    sync.WaitGroup // goroutines for what is rare

	mu      sync.Mutex
	errands map[chirp.ID]*errand // under way; nil behind the end
}

// errand is one request that is under way.
type errand struct {
	*caller
	id      chirp.ID            // of the request
	waiting *dispatch.AsyncWait // the reader's; nil = nobody is asked
	watch   context.CancelFunc
}

// receive takes one request. What cannot be read at all ends the stream.
func (c *caller) receive(m *chirp.Message) {
	if err := c.question.Parse(m.Header); err != nil {
		c.log.Warn("a client's stream", "error", err)
		c.conn.Close()
		return
	}
	if c.question.Verb == stream.VerbForget {
		c.forget(m.Identity)
		return
	}
	e, why := c.begin(m.Identity)
	if e == nil {
		c.refuse(m.Identity, proactor.QueueFull, why)
		return
	}
	switch q := &c.question; q.Verb {
	case stream.VerbCall, stream.VerbSubmit:
		e.submit(m)
	case stream.VerbWait:
		e.wait()
	case stream.VerbCancel:
		e.stop()
	default:
		e.fault(proactor.BadBody, "this initiator does not know what is asked; it is older than the client")
	}
}

// begin notes a request, unless it is one too many.
func (c *caller) begin(id chirp.ID) (*errand, string) {
	e := &errand{caller: c, id: id}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errands) >= stream.MaxOpenRequests {
		return nil, fmt.Sprintf("this client has %d requests under way; wait for some of them", stream.MaxOpenRequests)
	}
	if c.errands[id] != nil {
		return nil, "a request of this identity is under way; choose another, and name the task with id"
	}
	c.errands[id] = e
	return e, ""
}

// done takes an errand off, and reports whether it was there still: of two who
// end it, one has to answer.
func (e *errand) done() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.errands[e.id] != e {
		return false
	}
	delete(e.errands, e.id)
	if e.watch != nil {
		e.watch()
	}
	return true
}

// request is the task that is to be submitted.
func (e *errand) request(m *chirp.Message) (r task.Request, err error) {
	q := &e.question
	if len(q.Options) > 0 {
		if err := proactor.Decode(q.Options, &r); err != nil {
			return r, fmt.Errorf("the options: %w", err)
		}
	}
	if q.Pool != "" {
		r.Pool = q.Pool
	}
	if q.Method != "" {
		r.Method = q.Method
	}
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID, err = e.task()
	}
	r.Data = bytes.Clone(m.Data)
	return r, err
}

// task is the id of the task that the request is about.
func (e *errand) task() (uuid.UUID, error) {
	if e.question.Task == "" {
		return uuid.UUID(e.id), nil
	}
	id, err := uuid.Parse(e.question.Task)
	if err != nil {
		return id, fmt.Errorf("%q is not a task's id; ids are UUIDs", e.question.Task)
	}
	return id, nil
}

func (e *errand) submit(m *chirp.Message) {
	if len(m.Data) > stream.MaxPayload {
		e.fault(proactor.BodyTooLarge, fmt.Sprintf("the data has %d bytes, and a stream takes %d; use POST /api/v1/tasks", len(m.Data), stream.MaxPayload))
		return
	}
	r, err := e.request(m)
	switch {
	case err != nil:
		e.fault(proactor.BadBody, err.Error())
	case e.question.Verb == stream.VerbSubmit:
		e.waiting = e.house.Begin(r, e.answer, nil)
	case e.question.Progress:
		e.waiting = e.house.Begin(r, e.follow, e.answer)
	default:
		e.waiting = e.house.Begin(r, nil, e.answer)
	}
}

func (e *errand) wait() {
	id, err := e.task()
	if err != nil {
		e.fault(proactor.BadBody, err.Error())
		return
	}
	if e.question.Progress {
		e.follow(task.Task{ID: id}, nil)
	}
	e.waiting = e.house.Await(id, e.answer)
}

func (e *errand) stop() {
	id, err := e.task()
	if err != nil {
		e.fault(proactor.BadBody, err.Error())
		return
	}
	e.group.Go(func() { e.answer(e.house.Cancel(e.ctx, id, "asked for over the API")) })
}

// forget drops a request whose answer nobody wants.
func (c *caller) forget(id chirp.ID) {
	c.mu.Lock()
	e := c.errands[id]
	c.mu.Unlock()
	if e != nil && e.done() && e.waiting != nil {
		e.waiting.Forget()
	}
}

// end drops all of them when the stream has ended, and waits for what still
// looks after one. Tasks go on.
func (c *caller) end() {
	c.cancel()
	c.mu.Lock()
	left := c.errands
	c.errands = nil
	c.mu.Unlock()
	for _, e := range left {
		if e.waiting != nil {
			e.waiting.Forget()
		}
	}
	c.group.Wait()
}
