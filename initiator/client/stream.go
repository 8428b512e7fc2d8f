package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// Stream is one connection for many small tasks: requests go out while earlier
// ones wait, in one write all that are ready, and answers come as tasks end. A
// round trip costs a tenth of what it does over HTTP. It may be used by many
// goroutines. Close it.
//
// A connection that breaks, as when the initiator is replaced in place, is
// opened again. What was a Call or a Wait goes on there as a wait for the task
// of that id: nothing is ever submitted twice. What cannot go on ends with a
// *Broken; when there is no other connection to be had, so does everything.
//
// At most stream.MaxOpenRequests requests are under way; one more waits its turn.
type Stream struct {
	client       *Client
	ctx          context.Context
	cancel       context.CancelFunc
	openRequests chan struct{}  // holds a token for each request under way
	ended        chan struct{}  // closed when the stream has ended
	fetching     sync.WaitGroup // goroutines that fetch large results

	// Those of run alone.
	reply         stream.ReplyHeader // of the message being read
	receivedReply bool               // this connection has brought something, or is the first

	mu      sync.Mutex
	conn    *chirp.Conn
	futures map[chirp.ID]*Future // under way
	err     error                // why nothing can be asked any more
}

// ErrUnsupported says that the initiator offers no stream; plain HTTP remains.
var ErrUnsupported = stream.ErrUnsupported

// ErrClosed says that Close was called.
var ErrClosed = errors.New("the client is closed")

const (
	// openTimeout is how long the opening of a stream may take. An initiator
	// that is being replaced lets it wait.
	openTimeout = 10 * time.Second
	// streamBacklog is what may wait to be written.
	streamBacklog = 16 << 20
)

// Stream opens a stream. Errors: *Unreachable, ErrUnsupported wrapped, ctx's
// own, or a broken connection.
func (c *Client) Stream(ctx context.Context) (*Stream, error) {
	conn, err := c.openStream(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stream{
		client: c, conn: conn, receivedReply: true, openRequests: make(chan struct{}, stream.MaxOpenRequests), ended: make(chan struct{}), futures: map[chirp.ID]*Future{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.serveConnections()
	return s, nil
}

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

// serveConnections reads until the stream ends for good.
func (s *Stream) serveConnections() {
	defer close(s.ended)
	for conn := s.conn; conn != nil; {
		conn = s.reconnect(conn.Serve(s.receiveReply))
	}
	s.fetching.Wait()
}

// reconnect opens another connection when one has ended. It returns nil when
// nobody wants one, the last brought nothing, or there is none to be had.
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

// resumeRequests asks on a new connection for what was asked on the one before, and
// asks what could not be asked meanwhile. What is no call, or has no id to ask
// for, ends here.
func (s *Stream) resumeRequests(conn *chirp.Conn, why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false // closed
	}
	s.conn = conn
	for id, f := range s.futures {
		switch {
		case f.unsent != nil:
			_ = conn.Send(*f.unsent) // broken: another connection, or none
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

// failAll fails all that is under way, and whatever comes.
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

// Close ends the stream. What is under way ends with ErrClosed, wrapped; the
// tasks go on. It returns when nothing of the stream is left, and may be called
// again.
func (s *Stream) Close() {
	s.failAll(ErrClosed)
	s.cancel()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	conn.Close()
	<-s.ended
}

// LostConnectionError says that the connection was lost before the answer came, and that
// the initiator could not be asked again, or knows nothing of the task. Whether
// it was taken nobody can tell; submitting it again with the same ID or Key is
// the same task, if it is known still.
type LostConnectionError struct {
	Task uuid.UUID // zero when its key makes its id
	Err  error     // what broke, or the initiator's answer
}

// Error says so.
func (e *LostConnectionError) Error() string {
	if e.Task == uuid.Nil {
		return fmt.Sprintf("the connection to the initiator was lost: %v", e.Err)
	}
	return fmt.Sprintf("the connection to the initiator was lost while task %s was under way: %v", e.Task, e.Err)
}

// Unwrap returns what broke.
func (e *LostConnectionError) Unwrap() error { return e.Err }

// Reply is how a task ended, or how far it is where no end was asked for.
type Reply struct {
	ID      uuid.UUID
	State   task.State
	Attempt int
	Reason  string          // in words, unless it completed
	Result  json.RawMessage // as it came; nil = none
	// Known says that the task was there before it was submitted.
	Known bool
}
