package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// taskStream is one connection for many small tasks. Requests are sent while earlier
// requests wait for their replies; all requests that are ready go out in one write,
// and replies come in the order in which tasks end. A round trip costs about a
// tenth of the time that it costs over HTTP. Many goroutines may use it. close ends it.
//
// When the connection breaks, for example because the initiator is upgraded or was
// killed, the stream opens another connection (see ReconnectFor). A call continues
// there as a wait for the task with the same id; a task that the initiator does not
// know is submitted again under that id. So nothing is submitted twice. A cancel that
// has no reply yet ends with a *LostConnectionError. When no other
// connection can be opened in time, every request ends so, and the stream has ended.
//
// At most 4,096 requests are open at a time; a further request waits for its turn.
type taskStream struct {
	client       *Client
	ctx          context.Context // ends with close
	cancel       context.CancelFunc
	openRequests chan struct{}  // holds a token for each open request
	ended        chan struct{}  // closed when serveConnections has returned
	fetching     sync.WaitGroup // goroutines that fetch large results

	// Only the goroutine of serveConnections uses these.
	reply         stream.ReplyHeader // of the message that is being read
	receivedReply bool               // on this connection
	opened        time.Time          // when this connection was opened
	wait          *outageWait        // since the last reply; nil = there was no failure

	mu      sync.Mutex
	conn    *chirp.Conn
	futures map[chirp.ID]*future // the open requests
	err     error                // why the stream has ended; nil = it has not
}

const (
	// openTimeout is how long the opening of a stream may take. An initiator that
	// is being upgraded answers late.
	openTimeout = 10 * time.Second
	// streamBacklog is how many bytes may wait to be written.
	streamBacklog = 16 << 20
)

// startStream opens a stream. The error is an *UnreachableError, wraps
// stream.ErrUnsupported, is ctx's cause, or says how the connection broke. After
// startStream has returned, ctx has no effect on the stream.
func (c *Client) startStream(ctx context.Context) (*taskStream, error) {
	conn, err := c.openStream(ctx)
	if err != nil {
		return nil, err
	}
	s := &taskStream{
		client: c, conn: conn, opened: time.Now(), openRequests: make(chan struct{}, stream.MaxOpenRequests),
		ended: make(chan struct{}), futures: map[chirp.ID]*future{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.serveConnections()
	return s, nil
}

// openStream opens a connection, asks for a stream on it and exchanges handshakes.
func (c *Client) openStream(ctx context.Context) (*chirp.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	nc, err := c.dial(ctx)
	if err != nil {
		return nil, explainFailure(ctx, http.MethodGet, "/stream", err)
	}
	header := http.Header{}
	c.authorize(header)
	nc, err = stream.RequestUpgrade(ctx, nc, stream.UpgradeRequest{Path: "/stream", Host: c.base.Host, Header: header})
	if errors.Is(err, stream.ErrUnsupported) {
		return nil, err
	}
	if err != nil {
		return nil, explainFailure(ctx, http.MethodGet, "/stream", err)
	}
	conn := chirp.NewConn(nc, chirp.ConnOptions{Handshake: chirp.Handshake{Node: chirp.NewID()}, MaxMessage: stream.MaxMessage, Backlog: streamBacklog})
	if _, err := conn.ExchangeHandshakes(ctx); err != nil {
		return nil, explainFailure(ctx, http.MethodGet, "/stream", err)
	}
	return conn, nil
}

// serveConnections reads one connection after another until the stream ends.
func (s *taskStream) serveConnections() {
	defer close(s.ended)
	for conn := s.conn; conn != nil; {
		err := conn.Serve(s.receiveReply)
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		conn = s.reconnect(&brokenConnError{"the stream", err})
	}
	s.fetching.Wait()
}

// reconnect opens the next connection after one has ended because of why. It
// returns nil when the stream is closed, or when no connection that brings a reply
// can be opened in time.
func (s *taskStream) reconnect(why error) *chirp.Conn {
	if s.isEnded() || !s.client.outage.isBounded() {
		s.failAll(why)
		return nil
	}
	useful := s.receivedReply || time.Since(s.opened) > s.client.outage.limit
	pause := s.wait != nil && !useful
	if !pause {
		s.wait = s.client.outage.startWait(why)
	}
	s.receivedReply = false
	for !pause || s.wait.pause(s.ctx) {
		pause = true
		conn, err := s.client.openStream(s.ctx)
		if err == nil {
			s.wait.endAnswered()
			s.opened = time.Now()
			return s.resumeRequests(conn, why)
		}
		s.wait.recordFailure(err)
		if !isPassing(err) {
			break
		}
	}
	s.failAll(s.wait.giveUp(s.ctx))
	return nil
}

// isEnded reports whether the stream has ended.
func (s *taskStream) isEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err != nil
}

// resumeRequests continues the open requests on a new connection, and returns it.
// It closes the connection and returns nil when the stream is closed.
func (s *taskStream) resumeRequests(conn *chirp.Conn, why error) *chirp.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		conn.Close()
		return nil
	}
	s.conn = conn
	for _, f := range s.futures {
		s.resumeRequest(f, why)
	}
	return conn
}

// resumeRequest continues one request. Whether a call has arrived is unknown: a
// wait, which has no data, asks for its task. The caller holds the lock.
func (s *taskStream) resumeRequest(f *future, why error) {
	switch verb := f.request.Verb; {
	case f.unsent, verb == stream.VerbWait, verb == stream.VerbCall && f.task == uuid.Nil:
		s.sendFuture(f)
	case verb == stream.VerbCall:
		f.resumed = true
		q := stream.RequestHeader{Verb: stream.VerbWait, Task: f.request.Task}
		_ = s.sendRequest(f.id, &q, nil) // a broken connection is noticed by Serve
	default:
		s.settleFuture(f, taskReply{}, &LostConnectionError{Task: f.task, Err: why})
	}
}

// failAll ends the stream: all open requests and all later requests fail.
func (s *taskStream) failAll(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = why
	}
	for _, f := range s.futures {
		if f.unsent {
			s.settleFuture(f, taskReply{}, s.err)
			continue
		}
		s.settleFuture(f, taskReply{}, &LostConnectionError{Task: f.task, Err: s.err})
	}
}

// close ends the stream. Open requests end with ErrClosed, wrapped; their tasks go
// on. It returns when every goroutine of the stream has ended, and may be called
// more than once.
func (s *taskStream) close() {
	s.failAll(ErrClosed)
	s.cancel()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	conn.Close()
	<-s.ended
}
