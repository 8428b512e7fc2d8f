package client

import (
	"context"
	"errors"
	"sync"

	"initiator/internal/stream"
)

// sharedStream is the stream of all calls of a client. The first call opens it, and
// the first call after its end opens the next one. The zero value is ready.
type sharedStream struct {
	mu          sync.Mutex
	stream      *taskStream // nil = not open
	unsupported bool        // the initiator offers no stream
	closed      bool
}

// openOnce returns the stream, and opens it if there is none. Calls that come
// meanwhile wait for the result. The error is ErrClosed, or startStream's.
func (h *sharedStream) openOnce(ctx context.Context, c *Client) (*taskStream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.unsupported:
		return nil, stream.ErrUnsupported
	case h.stream != nil:
		return h.stream, nil
	}
	s, err := c.startStream(ctx)
	h.unsupported = errors.Is(err, stream.ErrUnsupported)
	h.stream = s
	return s, err
}

// dropStream forgets a stream that has ended. It reports whether another stream may
// be opened.
func (h *sharedStream) dropStream(s *taskStream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stream == s {
		h.stream = nil
	}
	return !h.closed
}

// currentStream returns the stream; nil = not open.
func (h *sharedStream) currentStream() *taskStream {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stream
}

// closeForever closes the stream. No other stream is opened after it.
func (h *sharedStream) closeForever() {
	h.mu.Lock()
	s := h.stream
	h.stream, h.closed = nil, true
	h.mu.Unlock()
	if s != nil {
		s.close()
	}
}
