package chirp

import (
	"net"
	"testing"
)

// tcp is a connection over the loopback.
func tcp(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func pipe(t testing.TB) (a, b net.Conn) { return net.Pipe() }

// streams are all that a Conn is tried over.
var streams = map[string]func(testing.TB) (net.Conn, net.Conn){"socketpair": socketpair, "tcp": tcp, "pipe": pipe}
