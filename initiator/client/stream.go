package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// Stream is one connection for many small tasks. Requests are sent while earlier
// requests wait for their replies; all requests that are ready go out in one write,
// and replies come in the order in which tasks end. A round trip costs about a
// tenth of the time that it costs over HTTP. Many goroutines may use it. Close it.
//
// When the connection breaks, for example because the initiator is upgraded, the
// stream opens another connection. A Call or a Wait continues there as a wait for
// the task with the same id: nothing is submitted twice. A request that cannot be
// continued ends with a *LostConnectionError. When no other connection can be
// opened, every request ends so, and the stream has ended.
//
// At most 4,096 requests are open at a time; a further request waits for its turn.
type Stream struct {
	client       *Client
	ctx          context.Context // ends with Close
	cancel       context.CancelFunc
	openRequests chan struct{}  // holds a token for each open request
	ended        chan struct{}  // closed when serveConnections has returned
	fetching     sync.WaitGroup // goroutines that fetch large results

	// Only the goroutine of serveConnections uses these two.
	reply         stream.ReplyHeader // of the message that is being read
	receivedReply bool               // on this connection, or it is the first connection

	mu      sync.Mutex
	conn    *chirp.Conn
	futures map[chirp.ID]*Future // the open requests
	err     error                // why the stream has ended; nil = it has not
}

const (
	// openTimeout is how long the opening of a stream may take. An initiator that
	// is being upgraded answers late.
	openTimeout = 10 * time.Second
	// streamBacklog is how many bytes may wait to be written.
	streamBacklog = 16 << 20
)

// Stream opens a stream. The error is an *UnreachableError, wraps ErrUnsupported,
// is ctx's cause, or says how the connection broke. After Stream has returned, ctx
// has no effect on the stream.
func (c *Client) Stream(ctx context.Context) (*Stream, error) {
	conn, err := c.openStream(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stream{
		client: c, conn: conn, receivedReply: true, openRequests: make(chan struct{}, stream.MaxOpenRequests),
		ended: make(chan struct{}), futures: map[chirp.ID]*Future{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.serveConnections()
	return s, nil
}

// openStream opens a connection, asks for a stream on it and exchanges handshakes.
func (c *Client) openStream(ctx context.Context) (*chirp.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	nc, err := dialSocket(ctx, c.socket)
	if err != nil {
		return nil, explainFailure(ctx, http.MethodGet, "/stream", err)
	}
	if nc, err = stream.RequestUpgrade(ctx, nc, stream.UpgradeRequest{Path: "/stream", Host: "initiator", Header: http.Header{}}); err != nil {
		return nil, err
	}
	conn := chirp.NewConn(nc, chirp.ConnOptions{Handshake: chirp.Handshake{Node: chirp.NewID()}, MaxMessage: stream.MaxMessage, Backlog: streamBacklog})
	if _, err := conn.ExchangeHandshakes(ctx); err != nil {
		return nil, fmt.Errorf("open a stream: %w", err)
	}
	return conn, nil
}

// serveConnections reads one connection after another until the stream ends.
func (s *Stream) serveConnections() {
	defer close(s.ended)
	for conn := s.conn; conn != nil; {
		conn = s.reconnect(conn.Serve(s.receiveReply))
	}
	s.fetching.Wait()
}

// reconnect opens the next connection after one has ended because of why. It
// returns nil when the stream is closed, when the ended connection brought no reply
// (the next would not either), or when no connection can be opened.
func (s *Stream) reconnect(why error) *chirp.Conn {
	if why == nil {
		why = io.ErrUnexpectedEOF
	}
	s.mu.Lock()
	closed := s.err != nil
	s.mu.Unlock()
	if closed || !s.receivedReply {
		s.failAll(why)
		return nil
	}
	s.receivedReply = false
	conn, err := s.client.openStream(s.ctx)
	if err != nil {
		s.failAll(errors.Join(why, err))
		return nil
	}
	if !s.resumeRequests(conn, why) {
		conn.Close()
		return nil
	}
	return conn
}

// resumeRequests sends on a new connection the requests that could not be sent, and
// a wait for each task that was waited for on the connection before. Other requests
// fail: they do not wait for an end, or the id of their task is unknown. It reports
// false when the stream is closed.
func (s *Stream) resumeRequests(conn *chirp.Conn, why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false
	}
	s.conn = conn
	for id, f := range s.futures {
		switch {
		case f.unsent != nil:
			_ = conn.Send(*f.unsent) // a broken connection is noticed by Serve
			f.unsent = nil
		case f.waitsForEnd:
			f.resumed = true
			q := stream.RequestHeader{Verb: stream.VerbWait, Task: f.taskHeader, Progress: f.progress != nil}
			_ = s.sendRequest(id, &q, nil)
		default:
			s.settleFuture(f, Reply{}, &LostConnectionError{Task: f.task, Err: why})
		}
	}
	return true
}

// failAll ends the stream: all open requests and all later requests fail.
func (s *Stream) failAll(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = why
	}
	for _, f := range s.futures {
		s.settleFuture(f, Reply{}, &LostConnectionError{Task: f.task, Err: s.err})
	}
}

// Close ends the stream. Open requests end with ErrClosed, wrapped; their tasks go
// on. It returns when every goroutine of the stream has ended, and may be called
// more than once.
func (s *Stream) Close() {
	s.failAll(ErrClosed)
	s.cancel()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	conn.Close()
	<-s.ended
}
