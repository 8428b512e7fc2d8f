package chirp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var counting = ID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// The bytes are written out by hand from the layout: identity, serial, length
// of the data, length of the header, type, header, data.
func TestGoldenBytes(t *testing.T) {
	for name, c := range map[string]struct {
		m      Message
		serial uint32
		want   string
	}{
		"empty":   {Message{Identity: counting}, 1, "000102030405060708090a0b0c0d0e0f 00000001 00000000 0000 00"},
		"req ack": {Message{Identity: counting, Type: ReqAck, Data: []byte("hello")}, 0xfffffffe, "000102030405060708090a0b0c0d0e0f fffffffe 00000005 0000 01 68656c6c6f"},
		"header":  {Message{Identity: counting, Header: []byte("ab"), Data: []byte("xyz")}, 258, "000102030405060708090a0b0c0d0e0f 00000102 00000003 0002 00 6162 78797a"},
		"ack":     {Message{Identity: counting, Type: Ack}, 3, "000102030405060708090a0b0c0d0e0f 00000003 00000000 0000 02"},
		"noop":    {Message{Type: Noop}, 4, "00000000000000000000000000000000 00000004 00000000 0000 04"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.m.appendTo(nil)
			numberMessages(p, c.serial)
			if !bytes.Equal(p, unhex(t, c.want)) {
				t.Errorf("got %x, want %s", p, c.want)
			}
			var got Message
			if err := newReader(bytes.NewReader(p), 0).readMessage(&got); err != nil {
				t.Fatal(err)
			}
			if got.Identity != c.m.Identity || got.Serial != c.serial || got.Type != c.m.Type ||
				!bytes.Equal(got.Header, c.m.Header) || !bytes.Equal(got.Data, c.m.Data) {
				t.Errorf("read back %+v, want %+v", got, c.m)
			}
		})
	}
}

func TestGoldenHandshake(t *testing.T) {
	h := Handshake{Port: 2998, Node: counting}
	want := unhex(t, "0bb6 000102030405060708090a0b0c0d0e0f")
	if got := h.Bytes(); !bytes.Equal(got, want) || len(got) != HandshakeSize {
		t.Errorf("got %x, want %x", got, want)
	}
	if got, err := newReader(bytes.NewReader(want), 0).readHandshake(); err != nil || got != h {
		t.Errorf("read back %+v, %v", got, err)
	}
}

// head is 27 bytes with the fields given.
func head(data uint32, header uint16, typ byte) []byte {
	m := Message{Identity: counting}
	p := m.appendTo(nil)
	p[atData], p[atData+1], p[atData+2], p[atData+3] = byte(data>>24), byte(data>>16), byte(data>>8), byte(data)
	p[atHeader], p[atHeader+1] = byte(header>>8), byte(header)
	p[atType] = typ
	return p
}

// Every fault that a head can have. The other two are UnexpectedAck, which
// only a connection can see, and ShortHandshake.
func TestProtocolErrors(t *testing.T) {
	for name, c := range map[string]struct {
		head []byte
		want Fault
	}{
		"unknown bit":          {head(0, 0, 8), UnknownType},
		"all bits":             {head(0, 0, 255), UnknownType},
		"unknown bit and body": {head(1, 1, 16|1), UnknownType},
		"ack and noop":         {head(0, 0, 6), AckAndNoop},
		"ack, noop, req ack":   {head(0, 0, 7), AckAndNoop},
		"ack asks ack":         {head(0, 0, 3), ControlAsksAck},
		"noop asks ack":        {head(0, 0, 5), ControlAsksAck},
		"ack with data":        {head(1, 0, 2), ControlWithBody},
		"ack with header":      {head(0, 1, 2), ControlWithBody},
		"noop with data":       {head(1, 0, 4), ControlWithBody},
		"noop with header":     {head(0, 1, 4), ControlWithBody},
		"one byte too many":    {head(MaxMessage+1, 0, 0), TooLarge},
		"header makes it":      {head(MaxMessage, 1, 0), TooLarge},
		"sum over 32 bits":     {head(1<<32-1, 1<<16-1, 1), TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			var m Message
			err := newReader(bytes.NewReader(append(c.head, make([]byte, 64)...)), 0).readMessage(&m)
			var pe *ProtocolError
			if !errors.As(err, &pe) || !errors.Is(err, c.want) || pe.Head.Identity != counting {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if !strings.Contains(err.Error(), c.want.Error()) {
				t.Errorf("%q does not say %q", err, c.want)
			}
		})
	}
}

func TestFaultsHaveWords(t *testing.T) {
	for f := UnknownType; f <= ShortHandshake; f++ {
		if strings.HasPrefix(f.Error(), "fault ") {
			t.Errorf("fault %d has no words", f)
		}
	}
	if got := Fault(99).Error(); got != "fault 99" {
		t.Error(got)
	}
}

func TestTooLargeToSend(t *testing.T) {
	for _, m := range []Message{{Header: make([]byte, MaxHeader+1)}, {Header: make([]byte, 3), Data: make([]byte, 8)}} {
		var size *SizeError
		if err := m.checkSize(10); !errors.As(err, &size) || size.Size <= size.Limit {
			t.Errorf("header %d, data %d: %v", len(m.Header), len(m.Data), err)
		}
	}
	if err := (&Message{Type: Ack, Data: []byte("x")}).checkSize(10); !errors.Is(err, ControlWithBody) {
		t.Errorf("an ACK with data can be sent: %v", err)
	}
}

func messages(t *rapid.T) []Message {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) Message {
		m := Message{Identity: ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")), Type: Type(rapid.SampledFrom([]byte{0, 1, 2, 4}).Draw(t, "type"))}
		if m.Type&control == 0 {
			m.Header = rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "header")
			m.Data = rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "data")
		}
		return m
	})).Draw(t, "messages")
}

func TestSerialsRiseWithEveryMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms, first := messages(t), rapid.Uint32().Draw(t, "serial")
		var p []byte
		for i := range ms {
			p = ms[i].appendTo(p)
		}
		if next := numberMessages(p, first); next != first+uint32(len(ms)) {
			t.Fatalf("next serial is %d after %d messages from %d", next, len(ms), first)
		}
		r := newReader(bytes.NewReader(p), 0)
		for i := range ms {
			var m Message
			if err := r.readMessage(&m); err != nil || m.Serial != first+uint32(i) {
				t.Fatalf("message %d: serial %d, %v", i, m.Serial, err)
			}
		}
	})
}

// The hash is sha256sum's of "abc".
func TestTokenID(t *testing.T) {
	if got := TokenID("abc").String(); got != "ba7816bf8f01cfea414140de5dae2223" {
		t.Error(got)
	}
}
