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

// chirpListener is a port for libchirp's own nodes (C, or Python's libchirp.pool),
// which know nothing of tasks: a message is a call of the default method with
// its data as it is, and the result goes back under the same identity. A
// message with our header says which method, and by when; a header in an answer
// says what became of a call that did not complete.
//
// Nobody asks for a token here: on loopback every program of this machine may
// call, as with direct = open, and beyond it every holder of a certificate.
type chirpListener struct {
	*server
	peer *chirp.Peer
}

// openChirpListener listens on chirp_port; nil where there is none. As many messages as
// there are slots are in work, a few more wait on each connection, and then the
// sender does.
func (s *server) openChirpListener() (*chirpListener, error) {
	if s.chirpPort == 0 {
		return nil, nil
	}
	d := &chirpListener{server: s}
	peer, err := chirp.NewPeer(chirp.Config{
		Async: true, KeepSlots: true, Handlers: s.slots, Handler: d.takeMessage,
		MaxMessage: int(min(s.options.BodyLimit, chirp.MaxMessage)), PEM: s.chirpPEM, Logger: s.log.Named("chirp"),
	})
	if err != nil {
		return nil, fmt.Errorf("open chirp_port: %w", err)
	}
	d.peer = peer
	at, err := peer.Listen(net.JoinHostPort(s.addr, strconv.Itoa(max(s.chirpPort, 0))))
	if err != nil {
		_ = peer.Shutdown(false) // nobody has connected
		// Wrapped, a port that is taken would look like the worker's own.
		return nil, errors.New("open chirp_port: " + err.Error() + "; choose another")
	}
	s.log.Info("listening for chirp", "address", at.String())
	if s.options.onChirpListening != nil {
		s.options.onChirpListening(at)
	}
	return d, nil
}

// closeListener ends what is left of the door; without one it does nothing. Handlers
// have ended: they hold up the drain.
func (d *chirpListener) closeListener() {
	if d != nil {
		_ = d.peer.Shutdown(true) // a peer that does not read loses its answer
	}
}

// takeMessage runs one message in a slot. The message is acknowledged when it is
// taken, because its sender waits for that a few seconds at most.
func (d *chirpListener) takeMessage(l *chirp.PeerMessage) {
	defer d.executor.holdDrain()() // a drain waits until the answer is on its way
	h := stream.WorkerHeader{}
	if err := h.Parse(l.Header); err != nil || h.Kind != stream.KindTask {
		h = stream.WorkerHeader{} // a header of its own making
	}
	run, err := d.executor.startTask(d.baseContext, d, Task{
		ID: "chirp-" + l.Identity.String(), Method: h.Method, Attempt: max(h.Attempt, 1), Deadline: h.Deadline,
		Traceparent: h.Traceparent, Data: json.RawMessage(l.Data), unrepeatable: true,
	})
	if err != nil {
		code, data := refusedTask(err, d.heartbeatSpan)
		d.sendAnswer(l, &stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusRefused, Code: code.Code}, data)
		return
	}
	l.Release()
	<-run.doneChannel()
	o := run.finalOutcome()
	if o.Completed {
		d.sendAnswer(l, nil, o.Result)
		return
	}
	d.sendAnswer(l, &stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusFailed, Retry: o.Retry}, o.Result)
}

// sendAnswer sends a letter back to where it came from.
func (d *chirpListener) sendAnswer(l *chirp.PeerMessage, h *stream.WorkerHeader, data []byte) {
	l.Header, l.Data = nil, data
	if h != nil {
		l.Header = h.Append(nil)
	}
	f := d.peer.Send(l)
	l.Release()
	if err := f.Wait(d.baseContext); err != nil {
		d.log.Debug("an answer by chirp is lost", "to", l.Address.String(), "error", err)
	}
}
