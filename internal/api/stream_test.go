package api_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/initiatortest"
	"initiator/internal/stream"
	"initiator/internal/testlength"
	"initiator/proactor/chirp"
)

// rawStream is a client of the stream that writes bytes.
type rawStream struct {
	t    *testing.T
	conn *chirp.Conn
	got  chan answer
	end  chan error
}

// answer is one message to a client.
type answer struct {
	id           uuid.UUID
	header, data string
}

func openStream(t *testing.T, in *initiatortest.Server) *rawStream {
	t.Helper()
	return openStreamAt(t, "unix", in.Initiator().Socket(), "initiator", http.Header{})
}

func openStreamAt(t *testing.T, network, address, host string, header http.Header) *rawStream {
	t.Helper()
	nc, err := net.Dial(network, address)
	if err == nil {
		nc, err = stream.RequestUpgrade(t.Context(), nc, stream.UpgradeRequest{Path: "/stream", Host: host, Header: header})
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &rawStream{t: t, conn: chirp.NewConn(nc, chirp.ConnOptions{}), got: make(chan answer, 2*stream.MaxOpenRequests), end: make(chan error, 1)}
	if _, err := s.conn.ExchangeHandshakes(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.end <- s.conn.Serve(func(m *chirp.Message) {
			s.got <- answer{uuid.UUID(m.Identity), string(m.Header), string(m.Data)}
		})
	}()
	t.Cleanup(s.conn.Close)
	return s
}

func (s *rawStream) sendRequest(id uuid.UUID, header, data string) {
	s.t.Helper()
	if err := s.conn.Send(chirp.Message{Identity: chirp.ID(id), Header: []byte(header), Data: []byte(data)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *rawStream) readAnswer() answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), testlength.Patience)
	defer cancel()
	select {
	case a := <-s.got:
		return a
	case <-ctx.Done():
		s.t.Fatal("no answer")
		return answer{}
	}
}

// The requests and replies on a stream have these exact texts.
func TestStreamOnTheWire(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	s := openStream(t, in)
	id, other := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	for _, c := range []struct {
		id                       uuid.UUID
		header, data, want, body string
	}{
		{id, `{"p":"adder"}`, `{"a":2,"b":3}`, `{"s":"completed","a":1}`, `{"sum":5}`},
		{other, `{"k":"wait","id":"` + id.String() + `"}`, ``, `{"s":"completed","a":1,"id":"` + id.String() + `"}`, `{"sum":5}`},
		{id, `{"p":"adder"}`, `{"a":2,"b":3}`, `{"s":"completed","a":1,"known":true}`, `{"sum":5}`},
		{other, `{"p":"adder","m":"sum"}`, `{"a":1,"b":1}`, `{"s":"completed","a":1}`, `{"sum":2}`},
		{uuid.New(), `{"p":"addr"}`, ``, `{"s":"refused","c":714,"h":404,"r":"there is no pool \"addr\"; did you mean \"adder\"?"}`, ``},
		{uuid.New(), `{"k":"dance"}`, ``, `{"s":"refused","c":701,"h":400,"r":"this initiator does not know the verb; it is older than the client"}`, ``},
		{uuid.New(), `{"k":"wait","id":"7"}`, ``, `{"s":"refused","c":701,"h":400,"r":"\"7\" is not a task's id; ids are UUIDs"}`, ``},
		{uuid.New(), `{"p":"adder","o":{"delay":true}}`, ``, `{"s":"refused","c":701,"h":400,"r":"the options: `, ``},
		{uuid.New(), `{"k":"cancel","id":"` + id.String() + `"}`, ``, `{"s":"refused","c":709,"h":409,"r":"`, ``},
		{uuid.New(), `{"p":"adder"}`, strings.Repeat("x", stream.MaxPayload+1), `{"s":"refused","c":702,"h":413,"r":"`, ``},
	} {
		s.sendRequest(c.id, c.header, c.data)
		if got := s.readAnswer(); got.id != c.id || !strings.HasPrefix(got.header, c.want) || got.data != c.body {
			t.Errorf("%s\n%s %s\nwant %s %s", c.header, got.header, got.data, c.want, c.body)
		}
	}
}

// Requests beyond the limit are refused, and a forgotten request makes room.
func TestStreamRequestLimit(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	s := openStream(t, in)
	kept := uuid.Must(uuid.NewV7())
	s.sendRequest(kept, `{"k":"submit","p":"closed"}`, "")
	if got := s.readAnswer(); !strings.HasPrefix(got.header, `{"s":"queued",`) {
		t.Fatal(got.header)
	}
	wait := `{"k":"wait","id":"` + kept.String() + `"}`
	var last uuid.UUID
	for range stream.MaxOpenRequests {
		last = uuid.New()
		s.sendRequest(last, wait, "")
	}
	for _, id := range []uuid.UUID{uuid.New(), last} {
		s.sendRequest(id, wait, "")
		if got := s.readAnswer(); got.id != id || !strings.HasPrefix(got.header, `{"s":"refused","c":710,"h":429,"retry_after":1,`) {
			t.Errorf("%+v", got)
		}
	}
	s.sendRequest(last, `{"k":"forget"}`, "")
	s.sendRequest(last, wait, "")
	if _, err := in.Client().Cancel(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	replied := map[uuid.UUID]bool{}
	for range stream.MaxOpenRequests {
		got := s.readAnswer()
		if !strings.HasPrefix(got.header, `{"s":"cancelled",`) || replied[got.id] {
			t.Fatalf("%+v", got)
		}
		replied[got.id] = true
	}
	if !replied[last] {
		t.Error("the repeated request had no reply")
	}
}

// A stream with meaningless bytes ends, and the next stream is served.
func TestStreamOfForeignProtocol(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	tooLarge := binary.BigEndian.AppendUint32(make([]byte, 20), stream.MaxMessage+1)
	for name, bytes := range map[string][]byte{
		"no header":     make([]byte, chirp.HeadSize),
		"unknown type":  append(make([]byte, chirp.HeadSize-1), 0xff),
		"too large":     append(tooLarge, 0, 0, 0),
		"cut in a head": make([]byte, 5),
	} {
		nc, err := net.Dial("unix", in.Initiator().Socket())
		if err == nil {
			nc, err = stream.RequestUpgrade(t.Context(), nc, stream.UpgradeRequest{Path: "/stream", Host: "initiator", Header: http.Header{}})
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err = nc.Write(append(chirp.Handshake{}.Bytes(), bytes...)); err != nil {
			t.Fatal(err)
		}
		if name == "cut in a head" {
			nc.Close()
			continue
		}
		if rest, err := io.ReadAll(nc); err != nil || len(rest) != chirp.HandshakeSize {
			t.Errorf("%s: %d bytes, %v", name, len(rest), err)
		}
		nc.Close()
	}
	s := openStream(t, in)
	id := uuid.New()
	if s.sendRequest(id, `{"p":"adder"}`, `{"a":2,"b":3}`); s.readAnswer().data != `{"sum":5}` {
		t.Error("the next stream is not served")
	}
}

// A stream needs the same token, Host and Origin as every other request.
func TestStreamAuth(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overTCP(t, in)
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "chirp"}
	for name, x := range map[string]struct {
		headers []string
		status  int
	}{
		"no token":       {append(upgrade, "Authorization", "Bearer x"), 401},
		"foreign origin": {append(upgrade, "Origin", "http://evil.example"), 403},
		"foreign host":   {append(upgrade, "Host", "evil.example"), 403},
		"no upgrade":     {nil, 400},
	} {
		if status, body := c.do("GET", "/stream", "", x.headers...); status != x.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _ := c.do("POST", "/stream", "", upgrade...); status != 405 {
		t.Errorf("POST: %d", status)
	}
	nc, err := net.Dial("tcp", strings.TrimPrefix(in.Initiator().URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	nc, err = stream.RequestUpgrade(t.Context(), nc, stream.UpgradeRequest{Path: "/stream", Host: strings.TrimPrefix(in.Initiator().URL(), "http://"), Header: c.head})
	if err != nil {
		t.Fatal(fmt.Errorf("with the token: %w", err))
	}
	nc.Close()
}
