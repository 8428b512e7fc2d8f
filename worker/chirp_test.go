//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/loopback/loopbacktest"
	"initiator/internal/stream"
	"initiator/proactor/chirp"
)

// launchAllTransports launches a worker with every transport.
func launchAllTransports(t *testing.T, o Options) *program {
	t.Helper()
	at := make(chan netip.AddrPort, 1)
	o.ChirpPort, o.onChirpListening = -1, func(a netip.AddrPort) { at <- a }
	ours, theirs := socketPair(t)
	var ends [2]net.Conn
	for i, f := range []*os.File{theirs, ours} {
		var err error
		if ends[i], err = net.FileConn(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	o.passedStream = ends[0]
	p := launch(t, o)
	p.far = ends[1]
	t.Cleanup(func() { ends[1].Close() })
	p.chirpAt = await(t, at, "the chirp port")
	return p
}

// openPassedStream opens the master's end of the stream that was passed to the
// worker.
func (m *master) openPassedStream(p *program) *farEnd {
	p.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.far == nil {
		m.far = openFarEnd(p.t, p.far, p.token)
	}
	return m.far
}

func throughPassedStream(p *program, m *master, method, data string) (end, result string) {
	p.t.Helper()
	m.openPassedStream(p)
	return throughStream(p, m, method, data)
}

func throughChirp(p *program, _ *master, method, data string) (end, result string) {
	p.t.Helper()
	h, answer := p.chirp(stream.WorkerHeader{Method: method}, data)
	if h.Status == "" && answer == "" {
		answer = "null"
	}
	return endOf(h.Status == "", h.Retry, 0), answer
}

// chirp sends one message as a node of libchirp does, and returns its answer.
func (p *program) chirp(h stream.WorkerHeader, data string) (stream.WorkerHeader, string) {
	p.t.Helper()
	node, err := chirp.NewPeer(chirp.Config{Timeout: patience})
	if err != nil {
		p.t.Fatal(err)
	}
	defer node.Shutdown(true)
	l := &chirp.PeerMessage{Address: p.chirpAt}
	l.Data = []byte(data)
	if h != (stream.WorkerHeader{}) {
		l.Header = h.Append(nil)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := node.Request(l).Wait(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	var said stream.WorkerHeader
	if len(answer.Header) > 0 {
		if err := said.Parse(answer.Header); err != nil {
			p.t.Fatal(err)
		}
	}
	return said, string(answer.Data)
}

// TestChirpPortByteForByte checks the 18 bytes of the handshake and the 27
// bytes of the head.
func TestChirpPortByteForByte(t *testing.T) {
	t.Parallel()
	p := launchAllTransports(t, Options{Handlers: []Handler{
		HandleRaw("default", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
			if len(data) == 0 {
				return nil, errors.New("there is no data")
			}
			return data, nil
		}), HandleRaw("other", func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage("1"), nil }),
	}})
	nc, err := net.Dial("tcp", p.chirpAt.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	handshake := append([]byte{0, 0}, bytes.Repeat([]byte{0xaa}, 16)...)
	id := []byte("0123456789abcdef")
	message := func(kind byte, header, data string) []byte {
		b := binary.BigEndian.AppendUint32(bytes.Clone(id), 7)
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		b = binary.BigEndian.AppendUint16(b, uint16(len(header)))
		return append(append(append(b, kind), header...), data...)
	}
	if _, err = nc.Write(handshake); err != nil {
		t.Fatal(err)
	}
	theirs := make([]byte, 18)
	if _, err := io.ReadFull(nc, theirs); err != nil || binary.BigEndian.Uint16(theirs) != p.chirpAt.Port() {
		t.Fatalf("%x %v", theirs, err)
	}
	for _, c := range []struct{ sent, want []byte }{
		{message(0, "", `{"a":2}`), message(0, "", `{"a":2}`)},
		{message(1, "", `"ack"`), append(message(2, "", ""), message(0, "", `"ack"`)...)},
		{message(0, `{"m":"other"}`, ``), message(0, "", "1")},
		{message(0, "not ours", `3`), message(0, "", "3")},
		{message(0, "", ``), message(0, `{"s":"failed"}`, `{"message":"there is no data"}`)},
		{message(4, "", ""), nil},
	} {
		if _, err := nc.Write(c.sent); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(c.want))
		if _, err := io.ReadFull(nc, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(withoutSerials(got), withoutSerials(c.want)) {
			t.Errorf("%x\nis answered\n%x\nwant\n%x", c.sent, got, c.want)
		}
	}
}

// withoutSerials removes the serial numbers, which start at random.
func withoutSerials(b []byte) []byte {
	b = bytes.Clone(b)
	for rest := b; len(rest) >= 27; {
		clear(rest[16:20])
		rest = rest[27+int(binary.BigEndian.Uint32(rest[20:]))+int(binary.BigEndian.Uint16(rest[24:])):]
	}
	return b
}

// TestChirpPortMakesSenderWait: messages without a slot wait in their order,
// and no message is refused as long as no other transport uses the slots.
func TestChirpPortMakesSenderWait(t *testing.T) {
	t.Parallel()
	p := launchAllTransports(t, Options{Handlers: []Handler{HandleRaw("echo", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return data, nil })}})
	got := make(chan string, 100)
	node, err := chirp.NewPeer(chirp.Config{Async: true, Handler: func(l *chirp.PeerMessage) { got <- string(l.Header) + string(l.Data) }})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Shutdown(true)
	if _, err := node.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	for range cap(got) {
		l := &chirp.PeerMessage{Address: p.chirpAt}
		l.Data = []byte(`"x"`)
		node.Send(l)
	}
	for range cap(got) {
		if s := await(t, got, "an answer"); s != `"x"` {
			t.Error(s)
		}
	}
}

// TestUnusableChirpPortFailsStart: a worker that cannot open its chirp_port
// does not start.
func TestUnusableChirpPortFailsStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		o    Options
		says string
	}{
		"taken":     {Options{ChirpPort: taken.Addr().(*net.TCPAddr).Port}, "choose another"},
		"exposed":   {Options{ChirpPort: 2998, ListenAddr: "0.0.0.0", Insecure: true}, "refused without chirp_pem beyond loopback"},
		"no port":   {Options{ChirpPort: 70000}, "use 1 to 65535"},
		"not there": {Options{ChirpPort: -1, ChirpPEM: "/nowhere.pem"}, "no such file"},
	} {
		c.o.Handlers, c.o.Port, c.o.Getenv = testHandlers(), -1, func(string) string { return "" }
		err := Run(t.Context(), c.o)
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: %v, want %q, and not what the port of a worker says", name, err, c.says)
		}
	}
}

// TestChirpPortIsReadFromINI, like every setting of a launched worker.
func TestChirpPortIsReadFromINI(t *testing.T) {
	t.Parallel()
	port := loopbacktest.FreePort(t)
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
	heard := make(chan netip.AddrPort, 1)
	text := "[a1b2]\nchirp_port = " + strconv.Itoa(port) + "\n"
	launch(t, Options{Stdin: strings.NewReader(text), onChirpListening: func(a netip.AddrPort) { heard <- a }})
	if got := await(t, heard, "the port"); got != at {
		t.Errorf("%s, want %s", got, at)
	}
}
