//go:build unix

package worker

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// farEnd is the master's end of a stream.
type farEnd struct {
	t    testing.TB
	conn *chirp.Conn
	end  chan error

	mu      sync.Mutex
	waiting map[chirp.ID]chan received
	others  chan received // messages for which no call waits
}

// received is one message from the worker.
type received struct {
	id chirp.ID
	stream.WorkerHeader
	data string
}

// openFarEnd exchanges handshakes and starts to read.
func openFarEnd(t testing.TB, nc net.Conn, token string) *farEnd {
	t.Helper()
	f := &farEnd{t: t, end: make(chan error, 1), waiting: map[chirp.ID]chan received{}, others: make(chan received, 1000)}
	f.conn = chirp.NewConn(nc, chirp.ConnOptions{Handshake: chirp.Handshake{Node: chirp.TokenID(token)}})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	theirs, err := f.conn.ExchangeHandshakes(ctx)
	if err != nil || theirs.Node != chirp.TokenID(token) {
		t.Fatalf("the handshake: %v, node %s", err, theirs.Node)
	}
	go func() { f.end <- f.conn.Serve(f.receive) }()
	t.Cleanup(func() {
		f.conn.Close()
		f.waitEnded()
	})
	return f
}

// waitEnded waits for the end of the stream.
func (f *farEnd) waitEnded() error {
	f.t.Helper()
	select {
	case err := <-f.end:
		f.end <- err
		return err
	case <-time.After(patience):
		f.t.Fatal("the stream does not end")
		return nil
	}
}

func (f *farEnd) receive(m *chirp.Message) {
	s := received{id: m.Identity, data: string(m.Data)}
	if err := s.Parse(m.Header); err != nil {
		f.t.Errorf("%s: %v", m.Header, err)
	}
	c := f.others
	f.mu.Lock()
	if waits := f.waiting[m.Identity]; waits != nil && s.Kind == stream.KindAnswer {
		c = waits
		delete(f.waiting, m.Identity)
	}
	f.mu.Unlock()
	c <- s
}

func (f *farEnd) send(id chirp.ID, h stream.WorkerHeader, data string) {
	f.t.Helper()
	if err := f.conn.Send(chirp.Message{Identity: id, Header: h.Append(nil), Data: []byte(data)}); err != nil {
		f.t.Fatal(err)
	}
}

// taskID returns the id that stands for a short name on a stream.
func taskID(name string) string { return uuid.NewSHA1(uuid.Nil, []byte(name)).String() }

// sendTask sends a task and returns the channel of its answer.
func (f *farEnd) sendTask(body webhook.TaskBody) (chirp.ID, <-chan received) {
	f.t.Helper()
	id := chirp.ID(uuid.MustParse(taskID(body.Task.ID)))
	c := make(chan received, 1)
	f.mu.Lock()
	f.waiting[id] = c
	f.mu.Unlock()
	f.send(id, stream.WorkerHeader{Method: body.Task.Method, Attempt: body.Task.Attempt}, string(body.Data))
	return id, c
}

// runTask sends a task and waits for its answer.
func (f *farEnd) runTask(body webhook.TaskBody) received {
	f.t.Helper()
	id, c := f.sendTask(body)
	select {
	case s := <-c:
		if s.id != id || s.Kind != stream.KindAnswer || s.Attempt != body.Task.Attempt {
			f.t.Errorf("answer %+v to attempt %d of %s", s, body.Task.Attempt, id)
		}
		return s
	case <-time.After(patience):
		f.t.Fatal("no answer")
		return received{}
	}
}

// requestStream opens a connection for GET /stream.
func (p *program) requestStream(token string) (net.Conn, error) {
	p.t.Helper()
	nc, err := net.Dial("tcp", p.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return stream.RequestUpgrade(ctx, nc, stream.UpgradeRequest{Path: "/stream", Host: p.addr, Header: stream.SessionHeader(0, token)})
}

// openStream returns the master's stream to the worker, and opens it at the
// first call.
func (m *master) openStream(p *program) *farEnd {
	p.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.far == nil {
		nc, err := p.requestStream(m.session)
		if err != nil {
			p.t.Fatal(err)
		}
		m.far = openFarEnd(p.t, nc, m.session)
	}
	return m.far
}

func throughStream(p *program, m *master, method, data string) (end, result string) {
	p.t.Helper()
	if len(data) > stream.MaxPayload {
		return throughWebhook(p, m, method, data)
	}
	a := m.openStream(p).runTask(transportTask(method, data))
	if a.Status == stream.StatusCompleted && a.data == "" {
		a.data = "null"
	}
	if len(a.data) == 0 && a.Status == "" {
		p.t.Fatalf("%+v", a)
	}
	return endOf(a.Status == stream.StatusCompleted, a.Retry, a.Code), a.data
}
