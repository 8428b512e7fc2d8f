package api

import (
	"context"
	"errors"
	"time"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// sendResult sends a client the record of its task, or the error. The dispatcher's loop
// calls it: it queues a message and never blocks.
func (r *streamRequest) sendResult(t task.Task, err error) {
	if !r.closeRequest() {
		return // the client does not wait for it any more
	}
	if err != nil {
		r.replyError(err)
		return
	}
	h := stream.ReplyHeader{Status: string(t.State), Attempt: t.Attempt, Known: t.Known}
	if chirp.ID(t.ID) != r.id {
		h.Task = t.ID.String()
	}
	if t.State != task.Completed {
		h.Reason = t.Reason
	}
	data := []byte(t.Result)
	if len(data) > stream.MaxPayload {
		h.Large, data = true, nil
	}
	err = r.sendReply(r.id, &h, data)
	if errors.Is(err, chirp.ErrBacklog) && len(data) > 0 {
		h.Large = true
		err = r.sendReply(r.id, &h, nil)
	}
	if errors.Is(err, chirp.ErrBacklog) {
		r.conn.Close() // the client reads nothing; it has to ask again
	}
}

// replyError replies with the envelope of an error.
func (r *streamRequest) replyError(err error) {
	code, reason := r.describeError(err)
	h := newRefusal(code, reason)
	if errors.Is(err, task.ErrStorage) {
		h.RetryAfter = retryAfter
	}
	r.sendOrClose(r.id, &h)
}

// refuseRequest replies to a request that is wrong in itself.
func (r *streamRequest) refuseRequest(code webhook.Code, reason string) {
	if r.closeRequest() {
		r.sendRefusal(r.id, code, reason)
	}
}

func (c *clientStream) sendRefusal(id chirp.ID, code webhook.Code, reason string) {
	h := newRefusal(code, reason)
	c.sendOrClose(id, &h)
}

// sendOrClose sends a reply without data. A client that reads nothing loses its
// stream: it would wait for this reply for ever.
func (c *clientStream) sendOrClose(id chirp.ID, h *stream.ReplyHeader) {
	if err := c.sendReply(id, h, nil); errors.Is(err, chirp.ErrBacklog) {
		c.conn.Close()
	}
}

// retryAfter is how long a client that sends too many requests has to wait.
const retryAfter = time.Second

func newRefusal(code webhook.Code, reason string) stream.ReplyHeader {
	h := stream.ReplyHeader{Status: stream.StatusRefused, Code: code.Number, HTTP: code.Status, Reason: reason}
	if code == webhook.QueueFull {
		h.RetryAfter = retryAfter
	}
	return h
}

func (c *clientStream) sendReply(id chirp.ID, h *stream.ReplyHeader, data []byte) error {
	var room [96]byte
	return c.conn.Send(chirp.Message{Identity: id, Header: h.Append(room[:0]), Data: data})
}

// sendProgress sends a client the progress of its task, from a goroutine that ends
// with the task, the request or the stream.
func (r *streamRequest) sendProgress(t task.Task, err error) {
	if err != nil {
		r.sendResult(t, err)
		return
	}
	ctx, cancel := context.WithCancel(r.ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.requests[r.id] != r {
		cancel()
		return
	}
	r.stopProgress = cancel
	r.group.Go(func() { r.copyProgress(ctx, t) })
}

func (r *streamRequest) copyProgress(ctx context.Context, t task.Task) {
	events, err := r.Tasks.SubscribeTask(ctx, t.ID)
	if err != nil {
		return // reply has the error
	}
	defer events.Close()
	for {
		list, _, err := events.Next(ctx)
		if err != nil {
			return
		}
		for _, n := range list {
			if len(n.Progress) > 0 && len(n.Progress) <= stream.MaxPayload {
				_ = r.sendReply(r.id, &stream.ReplyHeader{Progress: true, Attempt: n.Attempt}, n.Progress) // one that does not fit is left out: the next is newer
			}
		}
	}
}
