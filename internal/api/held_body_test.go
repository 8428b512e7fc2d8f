package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"initiator/internal/bounds"
)

// The body of a request counts against the budget of its client while it arrives: as
// long as Content-Length says, or, without it and for a long line of many tasks, as
// long as a body may be. Other clients have their own budget.
func TestBodiesOfOneClientShareABudget(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	s, err := Listen(Options{Addr: "127.0.0.1", Socket: socket, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(&Services{})
	defer s.Close(t.Context())
	tcp := strings.TrimPrefix(s.URL(), "http://")
	const chunk = 128 << 10
	long := fmt.Sprintf("%x\r\n%s", 2*chunk, strings.Repeat("x", chunk))
	for _, c := range []struct {
		name, network, address string
		client, other          string
		header, body           string
		free                   int64 // of the client's budget
	}{
		{"announced", "unix", socket, "the unix socket", "127.0.0.1", "Content-Length: 41943040\r\n", "{", bounds.PeerBodies - 40<<20},
		{"over TCP", "tcp", tcp, "127.0.0.1", "the unix socket", "Content-Length: 41943040\r\n", "{", bounds.PeerBodies - 40<<20},
		{"not announced", "unix", socket, "the unix socket", "127.0.0.1", "Transfer-Encoding: chunked\r\n", long, 0},
		{"a long line", "unix", socket, "the unix socket", "127.0.0.1", "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n", long, 0},
	} {
		conn, err := net.Dial(c.network, c.address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "POST /api/v1/tasks HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer secret\r\n%s\r\n%s", tcp, c.header, c.body); err != nil {
			t.Fatal(err)
		}
		awaitReserved(t, s, c.client, c.free+1)
		for name, free := range map[string]int64{c.client: c.free, c.other: bounds.PeerBodies} {
			if !hasFree(s, name, free) {
				t.Errorf("%s: %s has less than %d bytes left", c.name, name, free)
			}
		}
		_ = conn.Close()
		release, err := s.bodies.Reserve(t.Context(), c.client, bounds.PeerBodies)
		if err != nil {
			t.Fatalf("%s: the memory is not released: %v", c.name, err)
		}
		release()
	}
}

// A client whose budget is used up learns when to repeat its request.
func TestFullBudgetIsRefused(t *testing.T) {
	t.Parallel()
	for code, want := range map[error]float64{errBodiesFull: 1, http.ErrBodyNotAllowed: 0} {
		if got := retryAfterSeconds(errorCode(code), code); got != want {
			t.Errorf("%v: repeat after %v s, want %v", code, got, want)
		}
	}
}

// hasFree reports whether a client could reserve so many bytes now.
func hasFree(s *Server, client string, bytes int64) bool {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	release, err := s.bodies.Reserve(now, client, bytes)
	if err != nil {
		return false
	}
	release()
	return true
}

// awaitReserved waits until a client could not reserve so many bytes any more.
func awaitReserved(t *testing.T, s *Server, client string, bytes int64) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for hasFree(s, client, bytes) {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("nothing was reserved")
		}
	}
}
