package chirp

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

// stream is a few messages as they go on the wire.
func stream(ms ...Message) []byte {
	var p []byte
	for i := range ms {
		p = ms[i].appendTo(p)
	}
	numberMessages(p, 7)
	return p
}

func TestReaderReadsSingleBytes(t *testing.T) {
	want := []Message{
		{Identity: ID{1}, Data: []byte("a")},
		{Identity: ID{2}, Type: Ack},
		{Identity: ID{3}, Header: []byte("head"), Data: bytes.Repeat([]byte("d"), 3*readBuffer)},
		{Identity: ID{4}, Type: Noop},
	}
	hello := Handshake{Port: 1, Node: ID{9}}
	r := newReader(iotest.OneByteReader(bytes.NewReader(append(hello.Bytes(), stream(want...)...))), 0)
	if h, err := r.readHandshake(); err != nil || h != hello {
		t.Fatalf("handshake %+v, %v", h, err)
	}
	for i, w := range want {
		var m Message
		if err := r.readMessage(&m); err != nil {
			t.Fatal(err)
		}
		if m.Identity != w.Identity || m.Serial != 7+uint32(i) || !bytes.Equal(m.Header, w.Header) || !bytes.Equal(m.Data, w.Data) {
			t.Errorf("message %d: %s %q, %d bytes", i, m.Identity, m.Header, len(m.Data))
		}
	}
	var m Message
	if err := r.readMessage(&m); err != io.EOF {
		t.Errorf("after the last message: %v", err)
	}
}

// A stream that ends between messages is at its end; anywhere else it was cut.
func TestReaderCutAtEveryByte(t *testing.T) {
	p := stream(Message{Identity: ID{1}, Header: []byte("h"), Data: []byte("data")})
	for n := range len(p) {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		var m Message
		if err := newReader(bytes.NewReader(p[:n]), 0).readMessage(&m); !errors.Is(err, want) {
			t.Errorf("cut after %d of %d bytes: %v", n, len(p), err)
		}
	}
	large := stream(Message{Data: make([]byte, 2*readBuffer)})
	for _, n := range []int{HeadSize, HeadSize + 1, readBuffer, readBuffer + 1, len(large) - 1} {
		var m Message
		if err := newReader(bytes.NewReader(large[:n]), 0).readMessage(&m); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("large message cut after %d bytes: %v", n, err)
		}
	}
	hello := Handshake{}.Bytes()
	for n := range len(hello) {
		_, err := newReader(bytes.NewReader(hello[:n]), 0).readHandshake()
		if n == 0 && err != io.EOF || n > 0 && !errors.Is(err, ShortHandshake) {
			t.Errorf("handshake cut after %d bytes: %v", n, err)
		}
	}
}

func TestReaderPassesTheStreamsError(t *testing.T) {
	broken := errors.New("wire is broken")
	for _, n := range []int{0, 5, HeadSize, HeadSize + 2} {
		p := stream(Message{Data: []byte("data")})[:n]
		var m Message
		if err := newReader(io.MultiReader(bytes.NewReader(p), iotest.ErrReader(broken)), 0).readMessage(&m); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// The largest message allowed is announced and nothing of it comes.
func TestReaderAllocatesWhatArrived(t *testing.T) {
	announced := append(head(MaxMessage-MaxHeader, MaxHeader, 0), make([]byte, 1000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var m Message
	err := newReader(bytes.NewReader(announced), 0).readMessage(&m)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("an announcement of %d bytes cost %d bytes", MaxMessage, n)
	}
}

func TestReaderEnforcesItsLimit(t *testing.T) {
	var m Message
	if err := newReader(bytes.NewReader(stream(Message{Header: []byte("12"), Data: []byte("345")})), 5).readMessage(&m); err != nil {
		t.Error(err)
	}
	if err := newReader(bytes.NewReader(stream(Message{Header: []byte("12"), Data: []byte("3456")})), 5).readMessage(&m); !errors.Is(err, TooLarge) {
		t.Errorf("one byte over the limit: %v", err)
	}
}

func TestOwnOutlivesTheReader(t *testing.T) {
	r := newReader(bytes.NewReader(stream(Message{Header: []byte("one"), Data: []byte("two")}, Message{Data: []byte("three")})), 0)
	var m, n Message
	if err := r.readMessage(&m); err != nil {
		t.Fatal(err)
	}
	m.Own()
	clear(mustPeek(t, r))
	if err := r.readMessage(&n); err != nil || string(m.Header) != "one" || string(m.Data) != "two" {
		t.Errorf("%q %q %v", m.Header, m.Data, err)
	}
	if m.Header = append(m.Header, "!!!"...); string(m.Data) != "two" {
		t.Errorf("the header ran into the data: %q", m.Data)
	}
}

// mustPeek is the data of the next message where it stands in the buffer.
func mustPeek(t *testing.T, r *frameReader) []byte {
	t.Helper()
	p, err := r.buf.Peek(HeadSize + 5)
	if err != nil {
		t.Fatal(err)
	}
	return p[HeadSize:]
}

func TestSmallMessagesCostNoMemory(t *testing.T) {
	p := stream(Message{Header: []byte("head"), Data: []byte("data")})
	src := bytes.NewReader(p)
	r := newReader(src, 0)
	var m Message
	if n := testing.AllocsPerRun(100, func() {
		src.Reset(p)
		if err := r.readMessage(&m); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(stream(Message{Identity: ID{1}, Header: []byte("h"), Data: []byte("data")}, Message{Type: Noop}))
	f.Add(head(MaxMessage, 0, 0))
	f.Add(head(0, 0, 3))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, p []byte) {
		whole, slow := readAll(t, bytes.NewReader(p)), readAll(t, iotest.OneByteReader(bytes.NewReader(p)))
		if !bytes.Equal(whole, slow) {
			t.Fatalf("read at once %x, byte by byte %x", whole, slow)
		}
		if !bytes.HasPrefix(p, whole) {
			t.Fatalf("what was read, written again, is %x and not the beginning of %x", whole, p)
		}
	})
}

// readAll reads what can be read and gives it back as bytes of the wire.
func readAll(t *testing.T, src io.Reader) []byte {
	r := newReader(src, 0)
	var p []byte
	for {
		var m Message
		err := r.readMessage(&m)
		var pe *ProtocolError
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &pe) {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		at := len(p)
		p = m.appendTo(p)
		numberMessages(p[at:], m.Serial)
	}
}
