package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"initiator/internal/dispatch"
	"initiator/internal/queue"
	"initiator/internal/stream"
	"initiator/proactor"
	"initiator/proactor/chirp"
)

// Calls is the part about tasks for somebody who has many under way.
type Calls interface {
	// Call is Submit and Wait in one.
	Call(ctx context.Context, r task.Request) (task.Task, error)
	// Begin and Await are Submit, Call and Wait without a goroutine; see
	// package dispatch for when the functions are called.
	Begin(r task.Request, taken, ended func(task.Task, error)) *dispatch.AsyncWait
	Await(id uuid.UUID, ended func(task.Task, error)) *dispatch.AsyncWait
}

// streams are the streams of clients. Each is served by the goroutine of the
// request that has opened it, which the HTTP server knows no more.
type streams struct {
	house House
	life  context.Context // of the server: ends the streams
	log   hclog.Logger
	node  chirp.ID // tells this server from the one before it
	all   *sync.WaitGroup
}

const (
	// helloTime is how long a client may take for its handshake.
	helloTime = 10 * time.Second
	// streamBuffer is read ahead from each client.
	streamBuffer = 32 << 10
	// streamBacklog is what may wait for a client that does not read. Results
	// beyond it have to be fetched.
	streamBacklog = 8 << 20
)

// open answers GET /stream: the connection becomes a client's stream.
func (s *streams) open(w http.ResponseWriter, r *http.Request) {
	if !stream.IsUpgrade(r) {
		proactor.BadBody.Write(w, "send Upgrade: "+stream.Protocol+" to open a stream; /api/v1/tasks is there for everybody else", nil)
		return
	}
	s.all.Add(1) // before the HTTP server knows the connection no more
	defer s.all.Done()
	nc, err := stream.AcceptUpgrade(w)
	if err != nil {
		proactor.Internal.Write(w, err.Error(), nil)
		return
	}
	conn := chirp.NewConn(nc, chirp.ConnOptions{
		Handshake: chirp.Handshake{Node: s.node}, MaxMessage: stream.MaxMessage, ReadBuffer: streamBuffer, Backlog: streamBacklog,
	})
	hello, cancel := context.WithTimeout(s.life, helloTime)
	_, err = conn.ExchangeHandshakes(hello)
	cancel()
	if err != nil {
		s.log.Debug("a client's stream", "error", err)
		return
	}
	s.serve(conn)
}

// serve reads until the stream or the server ends.
func (s *streams) serve(conn *chirp.Conn) {
	c := &caller{streams: s, conn: conn, errands: map[chirp.ID]*errand{}}
	c.ctx, c.cancel = context.WithCancel(s.life)
	defer context.AfterFunc(s.life, conn.Close)()
	err := conn.Serve(c.receive)
	c.end()
	s.log.Debug("a client's stream ended", "error", err)
}
