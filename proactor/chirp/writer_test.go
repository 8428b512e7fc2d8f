package chirp

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// gate is a stream whose writes wait until the test lets each of them go.
type gate struct {
	wrote chan []byte
	pass  chan error
}

func newGate() *gate { return &gate{make(chan []byte), make(chan error)} }

func (g *gate) Write(p []byte) (int, error) {
	g.wrote <- bytes.Clone(p)
	return len(p), <-g.pass
}

// run starts the writer and gives its end.
func run(w *frameWriter) chan error {
	end := make(chan error, 1)
	go func() { end <- w.run() }()
	return end
}

func decode(t *testing.T, p []byte) (ms []Message) {
	t.Helper()
	r := newReader(bytes.NewReader(p), 0)
	for {
		var m Message
		if err := r.readMessage(&m); err == io.EOF {
			return ms
		} else if err != nil {
			t.Fatal(err)
		}
		m.Own()
		ms = append(ms, m)
	}
}

func queue(t *testing.T, w *frameWriter, ms ...Message) {
	t.Helper()
	for i := range ms {
		if err := w.queueMessage(&ms[i]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWriterCoalesces(t *testing.T) {
	g := newGate()
	w := newWriter(g, 0, 0)
	end := run(w)
	queue(t, w, Message{Identity: ID{1}})
	first := decode(t, <-g.wrote) // at once: nothing was under way
	queue(t, w, Message{Identity: ID{2}}, Message{Identity: ID{3}, Data: []byte("x")}, Message{Identity: ID{4}, Type: Ack}, Message{Identity: ID{5}}, Message{Type: Noop})
	g.pass <- nil
	second := decode(t, <-g.wrote)
	w.closeQueue()
	g.pass <- nil
	if err := <-end; err != nil {
		t.Fatal(err)
	}
	if len(first) != 1 || len(second) != 5 {
		t.Fatalf("%d messages by the first write, %d by the second", len(first), len(second))
	}
	for i, want := range []byte{4, 0, 2, 3, 5} {
		if m := second[i]; m.Identity[0] != want || m.Serial != first[0].Serial+1+uint32(i) {
			t.Errorf("message %d is %d with serial %d after %d", i, m.Identity[0], m.Serial, first[0].Serial)
		}
	}
}

func TestWriterWritesWhatWasQueuedBeforeClose(t *testing.T) {
	var out bytes.Buffer
	w := newWriter(&out, 0, 0)
	queue(t, w, Message{Identity: ID{1}}, Message{Identity: ID{2}, Data: make([]byte, maxKeptBuffer+1)}, Message{Type: Noop})
	w.closeQueue()
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if ms := decode(t, out.Bytes()); len(ms) != 3 || ms[0].Type != Noop {
		t.Errorf("%d messages", len(ms))
	}
	if err := w.queueMessage(&Message{}); !errors.Is(err, ErrClosed) {
		t.Errorf("queued after close: %v", err)
	}
}

func TestWriterKeepsItsFirstError(t *testing.T) {
	g := newGate()
	w := newWriter(g, 0, 0)
	end := run(w)
	queue(t, w, Message{})
	<-g.wrote
	broken := errors.New("wire is broken")
	g.pass <- broken
	if err := <-end; !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := w.queueMessage(&Message{}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestWriterEnforcesItsBacklog(t *testing.T) {
	w := newWriter(io.Discard, 0, 100)
	queue(t, w, Message{Data: make([]byte, 500)}) // one always fits
	if err := w.queueMessage(&Message{}); !errors.Is(err, ErrBacklog) {
		t.Errorf("over the backlog: %v", err)
	}
	var size *SizeError
	if err := w.queueMessage(&Message{Data: make([]byte, MaxMessage+1)}); !errors.As(err, &size) {
		t.Errorf("over the limit: %v", err)
	}
	w.closeQueue()
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
}

func TestWriterKeepsItsMemory(t *testing.T) {
	w := newWriter(io.Discard, 0, 0)
	m := Message{Header: []byte("head"), Data: []byte("data")}
	if n := testing.AllocsPerRun(100, func() {
		queueOne(t, w, &m)
		control, data := w.takeBatch()
		if err := w.writeBatch(control, data); err != nil {
			t.Fatal(err)
		}
		w.recycleBuffers(control, data)
	}); n > 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func queueOne(t *testing.T, w *frameWriter, m *Message) {
	if err := w.queueMessage(m); err != nil {
		t.Fatal(err)
	}
}
