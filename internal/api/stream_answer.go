package api

import (
	"context"
	"errors"
	"time"

	"initiator/internal/queue"
	"initiator/internal/stream"
	"initiator/proactor"
	"initiator/proactor/chirp"
)

// answer tells a client what has become of its request. It is called from the
// dispatcher's loop: it queues a message, and waits for nobody.
func (e *errand) answer(t task.Task, err error) {
	if !e.done() {
		return // nobody waits for it any more
	}
	if err != nil {
		e.refuseFor(err)
		return
	}
	r := stream.ReplyHeader{Status: string(t.State), Attempt: t.Attempt, Known: t.Known}
	if chirp.ID(t.ID) != e.id {
		r.Task = t.ID.String()
	}
	if t.State != task.Completed {
		r.Reason = t.Reason
	}
	data := []byte(t.Result)
	if len(data) > stream.MaxPayload {
		r.Large, data = true, nil
	}
	err = e.send(e.id, &r, data)
	if errors.Is(err, chirp.ErrBacklog) && len(data) > 0 {
		r.Large = true
		err = e.send(e.id, &r, nil)
	}
	if errors.Is(err, chirp.ErrBacklog) {
		e.conn.Close() // it reads nothing; it will ask again for what it wants to know
	}
}

// refuseFor answers with the envelope of an error.
func (e *errand) refuseFor(err error) {
	code, why := described(e.house, err)
	r := refusal(code, why)
	if errors.Is(err, task.ErrStorage) {
		r.RetryAfter = retryAfter
	}
	_ = e.send(e.id, &r, nil) // broken: there is nobody to tell
}

// fault refuses a request that is wrong in itself.
func (e *errand) fault(code proactor.Code, why string) {
	if e.done() {
		e.refuse(e.id, code, why)
	}
}

func (c *caller) refuse(id chirp.ID, code proactor.Code, why string) {
	r := refusal(code, why)
	_ = c.send(id, &r, nil) // broken: there is nobody to tell
}

// retryAfter is what a client is asked to wait that came too often.
const retryAfter = time.Second

func refusal(code proactor.Code, why string) stream.ReplyHeader {
	r := stream.ReplyHeader{Status: stream.StatusRefused, Code: code.Code, HTTP: code.HTTP, Reason: why}
	if code == proactor.QueueFull {
		r.RetryAfter = retryAfter
	}
	return r
}

func (c *caller) send(id chirp.ID, r *stream.ReplyHeader, data []byte) error {
	var room [96]byte
	return c.conn.Send(chirp.Message{Identity: id, Header: r.Append(room[:0]), Data: data})
}

// follow tells a client of its task's progress, from a goroutine that ends with
// the task, the request or the stream.
func (e *errand) follow(t task.Task, err error) {
	if err != nil {
		e.answer(t, err)
		return
	}
	ctx, cancel := context.WithCancel(e.ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.errands[e.id] != e {
		cancel()
		return
	}
	e.watch = cancel
	e.group.Go(func() { e.tell(ctx, t) })
}

func (e *errand) tell(ctx context.Context, t task.Task) {
	watch, err := e.house.Watch(ctx, t.ID)
	if err != nil {
		return // whoever waits for its end is told why
	}
	defer watch.Close()
	for {
		news, _, err := watch.Next(ctx)
		if err != nil {
			return
		}
		for _, n := range news {
			if len(n.Progress) > 0 && len(n.Progress) <= stream.MaxPayload {
				_ = e.send(e.id, &stream.ReplyHeader{Progress: true, Attempt: n.Attempt}, n.Progress) // too much: the next is newer
			}
		}
	}
}
