package api_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/api"
	"initiator/internal/workerlog"
)

// observedLogs reads logs, and says when a read has ended.
type observedLogs struct {
	*workerlog.Reader
	ended chan error
}

func (l observedLogs) ReadOwnLog(ctx context.Context, q report.LogQuery, emit func([]api.LogText) error) error {
	err := l.Reader.ReadOwnLog(ctx, q, emit)
	l.ended <- err
	return err
}

// A client that does not read its answer loses the connection, and does not take a
// part of the answer for all.
func TestClientThatDoesNotReadLosesItsConnection(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	if err := os.WriteFile(log, bytes.Repeat([]byte("a line of the log\n"), 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	s, err := api.Listen(api.Options{Addr: "127.0.0.1", Socket: socket, Token: "secret", StallTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	logs := observedLogs{&workerlog.Reader{OwnLog: log}, make(chan error, 1)}
	s.Serve(&api.Services{Logs: logs})
	defer s.Close(t.Context())
	for _, network := range []string{"unix", "tcp"} {
		web := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if network == "tcp" {
				return new(net.Dialer).DialContext(ctx, network, s.URL()[len("http://"):])
			}
			return new(net.Dialer).DialContext(ctx, network, socket)
		}}}
		defer web.CloseIdleConnections()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/api/v1/log", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer secret")
		answer, err := web.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatal(answer.Status)
		}
		if err := <-logs.ended; err == nil {
			t.Errorf("%s: the whole answer was written", network)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err == nil {
			t.Errorf("%s: the answer looks complete", network)
		}
	}
}
