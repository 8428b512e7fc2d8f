package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"

	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// chirpListener is a port for nodes of libchirp (in C, or with Python's
// libchirp.pool), which know no tasks. A message without a header calls the
// default method with the message's data, and the result is sent back under
// the same identity. A message with the header of docs/stream.md names a
// method and a deadline; an answer has a header when the call did not
// complete.
//
// The listener asks for no token: on loopback every program of this machine
// can call, as with direct = open, and beyond loopback every holder of a
// certificate.
type chirpListener struct {
	*server
	peer *chirp.Peer
}

// openChirpListener listens on chirp_port. It returns nil without chirp_port.
// As many messages as there are slots are processed at a time; a few more wait
// on each connection; after that the sender has to wait.
func (s *server) openChirpListener() (*chirpListener, error) {
	if s.chirpPort == 0 {
		return nil, nil
	}
	c := &chirpListener{server: s}
	peer, err := chirp.NewPeer(chirp.Config{
		Async: true, KeepSlots: true, Handlers: s.slots, Handler: c.takeMessage,
		MaxMessage: int(min(s.options.BodyLimit, chirp.MaxMessage)), PEM: s.chirpPEM, Logger: s.log.Named("chirp"),
	})
	if err != nil {
		return nil, fmt.Errorf("open chirp_port: %w", err)
	}
	c.peer = peer
	at, err := peer.Listen(net.JoinHostPort(s.addr, strconv.Itoa(max(s.chirpPort, 0))))
	if err != nil {
		_ = peer.Shutdown(false) // no node has connected
		// The error is not wrapped: a wrapped EADDRINUSE would look as if the
		// worker's own port were taken.
		return nil, errors.New("open chirp_port: " + err.Error() + "; choose another")
	}
	s.log.Info("listening for chirp", "address", at.String())
	if s.options.onChirpListening != nil {
		s.options.onChirpListening(at)
	}
	return c, nil
}

// closeListener closes the listener; a nil listener does nothing. All calls of
// takeMessage have ended or are about to end, because they hold the drain and
// the server's base context has ended otherwise.
func (c *chirpListener) closeListener() {
	if c != nil {
		_ = c.peer.Shutdown(c.baseContext.Err() == nil) // a peer that does not read loses its answer
	}
}

// takeMessage runs one message in a slot. It acknowledges the message when the
// task has started, because the sender waits only a few seconds for the
// acknowledgement.
func (c *chirpListener) takeMessage(m *chirp.PeerMessage) {
	defer c.executor.holdDrain()() // a drain waits until the answer is sent
	h := stream.WorkerHeader{}
	if err := h.Parse(m.Header); err != nil || h.Kind != stream.KindTask {
		h = stream.WorkerHeader{} // the node uses a header of another format
	}
	run, err := c.executor.startTask(c.baseContext, c, Task{
		ID: "chirp-" + m.Identity.String(), Method: h.Method, Attempt: max(h.Attempt, 1), Deadline: h.Deadline,
		Traceparent: h.Traceparent, Data: json.RawMessage(m.Data), unrepeatable: true,
	})
	if err != nil {
		code, data := refusedTask(err, c.heartbeatSpan)
		c.sendAnswer(m, &stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusRefused, Code: code.Number}, data)
		return
	}
	m.Release()
	select {
	case <-run.doneChannel():
	case <-c.baseContext.Done():
		return // the worker ends although the task still runs
	}
	o := run.finalOutcome()
	if o.Completed {
		c.sendAnswer(m, nil, o.Result)
		return
	}
	c.sendAnswer(m, &stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusFailed, Retry: o.Retry}, o.Result)
}

// sendAnswer sends a message back to its sender.
func (c *chirpListener) sendAnswer(m *chirp.PeerMessage, h *stream.WorkerHeader, data []byte) {
	m.Header, m.Data = nil, data
	if h != nil {
		m.Header = h.Append(nil)
	}
	f := c.peer.Send(m)
	m.Release()
	if err := f.Wait(c.baseContext); err != nil {
		c.log.Debug("an answer by chirp is lost", "to", m.Address.String(), "error", err)
	}
}
