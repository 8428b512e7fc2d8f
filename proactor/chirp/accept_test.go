package chirp

import (
	"io"
	"net"
	"testing"
)

// A peer keeps few connections: the oldest without a handshake, and then the
// longest idle one, makes room for the next. Messages still arrive.
func TestTooManyConnections(t *testing.T) {
	got := make(chan *PeerMessage, 10)
	server, err := NewPeer(Config{Async: true, Handler: func(m *PeerMessage) { got <- m }})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Shutdown(false)
	server.acceptLimit = 4
	at, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := make([]net.Conn, 20)
	for i := range silent {
		if silent[i], err = net.Dial("tcp", at.String()); err != nil {
			t.Fatal(err)
		}
		defer silent[i].Close()
	}
	if _, err := io.ReadAll(silent[0]); err != nil { // until the server closes it
		t.Log(err)
	}
	for range 10 { // each client keeps its connection
		client, err := NewPeer(Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Shutdown(false)
		if err := client.Send(&PeerMessage{Address: at, Message: Message{Data: []byte("x")}}).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-got
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if n := len(server.accepted); n > 4 {
		t.Errorf("%d connections are kept", n)
	}
}
