package api

import (
	"context"
	"net/http"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/bytebudget"
	"initiator/internal/connbudget"
	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// streamServer serves the streams of clients; see docs/stream.md. Each stream is
// served by the goroutine of the request that has opened it, which the HTTP
// server does not know any more.
type streamServer struct {
	*handlers
	node chirp.ID // differs from that of the server before this one
}

const (
	// handshakeTimeout is how long a client may take for its handshake.
	handshakeTimeout = 10 * time.Second
	// streamReadBuffer is how many bytes are read ahead from each client.
	streamReadBuffer = 32 << 10
	// streamBacklog is how many bytes may wait for a client that does not read.
	// The client has to fetch results beyond it.
	streamBacklog = bounds.StreamBacklog
)

// openStream answers GET /stream: the connection becomes a client's stream.
func (s *streamServer) openStream(w http.ResponseWriter, r *http.Request) {
	if !stream.IsUpgrade(r) {
		webhook.BadBody.WriteAnswer(w, "send Upgrade: "+stream.Protocol+" to open a stream; all other clients use /api/v1/tasks", nil)
		return
	}
	if !admitConn(w, r, connbudget.Stream, remoteHost(r)) {
		return
	}
	defer connbudget.Release(r.Context())
	s.openStreams.Add(1) // before the HTTP server forgets the connection
	defer s.openStreams.Done()
	nc, err := stream.AcceptUpgrade(w)
	if err != nil {
		webhook.Internal.WriteAnswer(w, err.Error(), nil)
		return
	}
	conn := chirp.NewConn(nc, chirp.ConnOptions{
		Handshake: chirp.Handshake{Node: s.node}, MaxMessage: stream.MaxMessage, ReadBuffer: streamReadBuffer, Backlog: streamBacklog,
	})
	ctx, cancel := context.WithTimeout(s.life, handshakeTimeout)
	_, err = conn.ExchangeHandshakes(ctx)
	cancel()
	if err != nil {
		s.log.Debug("a client's stream", "error", err)
		return
	}
	defer context.AfterFunc(r.Context(), conn.Close)() // the token was replaced
	s.serveStream(conn, heldBodyOf(r))
}

// serveStream reads requests until the stream or the server ends.
func (s *streamServer) serveStream(conn *chirp.Conn, body *heldBody) {
	c := &clientStream{
		streamServer: s, conn: conn, requests: map[chirp.ID]*streamRequest{},
		unstored: bytebudget.New(bounds.StreamUnstored), body: body,
	}
	c.ctx, c.cancel = context.WithCancel(s.life)
	defer context.AfterFunc(s.life, conn.Close)()
	err := conn.Serve(c.receiveRequest)
	c.dropRequests()
	s.log.Debug("a client's stream ended", "error", err)
}
