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
	c        *Client
	ctx      context.Context
	cancel   context.CancelFunc
	room     chan struct{}  // holds a token for each request under way
	over     chan struct{}  // closed when the stream has ended
	fetching sync.WaitGroup // goroutines that fetch large results

	// Those of run alone.
	reply stream.ReplyHeader // of the message being read
	heard bool               // this connection has brought something, or is the first

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
	// helloTime is how long the opening of a stream may take. An initiator
	// that is being replaced lets it wait.
	helloTime = 10 * time.Second
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
		c: c, conn: conn, heard: true, room: make(chan struct{}, stream.MaxOpenRequests), over: make(chan struct{}), futures: map[chirp.ID]*Future{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.run()
	return s, nil
}

func (c *Client) openStream(ctx context.Context) (*chirp.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	nc, err := dial(ctx, c.socket)
	if err != nil {
		return nil, cause(ctx, http.MethodGet, "/stream", err)
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

// run reads until the stream ends for good.
func (s *Stream) run() {
	defer close(s.over)
	for conn := s.conn; conn != nil; {
		conn = s.again(conn.Serve(s.receive))
	}
	s.fetching.Wait()
}

// again opens another connection when one has ended. It returns nil when
// nobody wants one, the last brought nothing, or there is none to be had.
func (s *Stream) again(why error) *chirp.Conn {
	if why == nil {
		why = io.ErrUnexpectedEOF
	}
	s.mu.Lock()
	closed := s.err != nil
	s.mu.Unlock()
	if closed || !s.heard {
		s.end(why)
		return nil
	}
	s.heard = false
	conn, err := s.c.openStream(s.ctx)
	if err != nil {
		s.end(errors.Join(why, err))
		return nil
	}
	if !s.resume(conn, why) {
		conn.Close()
		return nil
	}
	return conn
}

// resume asks on a new connection for what was asked on the one before, and
// asks what could not be asked meanwhile. What is no call, or has no id to ask
// for, ends here.
func (s *Stream) resume(conn *chirp.Conn, why error) bool {
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
		case f.waits:
			f.resumed = true
			q := stream.RequestHeader{Verb: stream.VerbWait, Task: f.elsewhere, Progress: f.progress != nil}
			_ = s.send(id, &q, nil)
		default:
			s.settle(f, End{}, &Broken{Task: f.task, Err: why})
		}
	}
	return true
}

// end fails all that is under way, and whatever comes.
func (s *Stream) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = why
	}
	for _, f := range s.futures {
		s.settle(f, End{}, &Broken{Task: f.task, Err: s.err})
	}
}

// Close ends the stream. What is under way ends with ErrClosed, wrapped; the
// tasks go on. It returns when nothing of the stream is left, and may be called
// again.
func (s *Stream) Close() {
	s.end(ErrClosed)
	s.cancel()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	conn.Close()
	<-s.over
}

// Broken says that the connection was lost before the answer came, and that
// the initiator could not be asked again, or knows nothing of the task. Whether
// it was taken nobody can tell; submitting it again with the same ID or Key is
// the same task, if it is known still.
type Broken struct {
	Task uuid.UUID // zero when its key makes its id
	Err  error     // what broke, or the initiator's answer
}

// Error says so.
func (e *Broken) Error() string {
	if e.Task == uuid.Nil {
		return fmt.Sprintf("the connection to the initiator was lost: %v", e.Err)
	}
	return fmt.Sprintf("the connection to the initiator was lost while task %s was under way: %v", e.Task, e.Err)
}

// Unwrap returns what broke.
func (e *Broken) Unwrap() error { return e.Err }

// End is how a task ended, or how far it is where no end was asked for.
type End struct {
	ID      uuid.UUID
	State   task.State
	Attempt int
	Reason  string          // in words, unless it completed
	Result  json.RawMessage // as it came; nil = none
	// Known says that the task was there before it was submitted.
	Known bool
}
