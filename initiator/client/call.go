package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
)

// Call submits a task and returns how it ended: over a stream that all calls of
// this client share, or over HTTP where the initiator offers none or the data
// is too large for it. A request without ID and Key gets an ID, which is in the
// End also when there is an error. Errors are those of Submit, and *Broken; when
// ctx ends first it is ctx's, and the task goes on.
func (c *Client) Call(ctx context.Context, r task.Request) (Reply, error) {
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID = uuid.Must(uuid.NewV7())
	}
	if len(r.Data) > stream.MaxPayload {
		return c.callHTTP(ctx, r)
	}
	for {
		s, err := c.shared.openOnce(ctx, c)
		if errors.Is(err, ErrUnsupported) {
			return c.callHTTP(ctx, r)
		}
		if err != nil {
			return Reply{ID: r.ID}, err
		}
		end, err := s.Call(ctx, r)
		var dead *streamEndedError
		if errors.As(err, &dead) && c.shared.dropStream(s) {
			continue // it had ended before this was asked
		}
		return end, err
	}
}

// callHTTP is Call without a stream.
func (c *Client) callHTTP(ctx context.Context, r task.Request) (Reply, error) {
	var t task.Task
	err := c.requestJSON(ctx, http.MethodPost, "/tasks", url.Values{"wait": {waitSpan}}, r, &t)
	known := t.Known
	if err == nil && !t.State.Terminal() {
		t, err = c.Wait(ctx, t.ID)
	}
	end := Reply{ID: t.ID, State: t.State, Attempt: t.Attempt, Result: t.Result, Known: known}
	if end.State != task.Completed {
		end.Reason = t.Reason
	}
	if end.ID == uuid.Nil {
		end.ID = r.ID
	}
	return end, err
}

// sharedStream is the stream of all calls of a client. It is opened by the first.
type sharedStream struct {
	mu          sync.Mutex
	stream      *Stream
	unsupported bool // the initiator offers none
	closed      bool
}

func (h *sharedStream) openOnce(ctx context.Context, c *Client) (*Stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.unsupported:
		return nil, ErrUnsupported
	case h.stream != nil:
		return h.stream, nil
	}
	s, err := c.Stream(ctx)
	h.unsupported = errors.Is(err, ErrUnsupported)
	h.stream = s
	return s, err
}

// dropStream forgets a stream that has ended. It reports whether another may be
// opened.
func (h *sharedStream) dropStream(s *Stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stream == s {
		h.stream = nil
	}
	return !h.closed
}

// currentStream is the stream if there is one.
func (h *sharedStream) currentStream() *Stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stream
}

func (h *sharedStream) closeForever() {
	h.mu.Lock()
	s := h.stream
	h.stream, h.closed = nil, true
	h.mu.Unlock()
	if s != nil {
		s.Close()
	}
}
