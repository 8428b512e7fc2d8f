package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// A rotation of the token ends everything that was begun with the old token, and
// nothing that came over the socket.
func TestRotationEndsWhatTheOldTokenBegan(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	old := overTCP(t, in)
	address := strings.TrimPrefix(in.Initiator().URL(), "http://")
	overTCPStream := openStreamAt(t, "tcp", address, address, old.head)
	overSocketStream := openStream(t, in)
	waits := make(chan string, 1)
	go func() {
		status, body := old.do("POST", "/api/v1/tasks?wait=10m", `{"pool":"closed"}`)
		waits <- http.StatusText(status) + " " + body
	}()
	bodies := []io.ReadCloser{
		old.openEndless("/api/v1/events?since=now"), old.openEndless("/api/v1/tasks/events?pool=closed"),
		old.openEndless("/api/v1/workers/adder/logs?follow=1"),
	}
	await(t, "the task that is waited for", func() bool {
		list, err := in.Client().List(t.Context(), task.Filter{Pool: "closed"})
		return err == nil && len(list) == 1
	})
	if status, body := old.do("POST", "/api/v1/token/rotate", "{}"); status != 200 || body != "{\"rotated\":true}\n" {
		t.Errorf("rotate: %d %s", status, body)
	}
	for _, body := range bodies {
		_, _ = io.Copy(io.Discard, body) // ends with or without an error
		_ = body.Close()
	}
	if got := <-waits; !strings.HasPrefix(got, "Unauthorized ") || !strings.Contains(got, "another token now") {
		t.Errorf("the wait ended with %s", got)
	}
	select {
	case <-overTCPStream.end:
	case <-time.After(testlength.Patience):
		t.Error("the stream does not end")
	}
	if status, body := old.do("GET", "/api/v1/status", ""); status != 401 {
		t.Errorf("the old token: %d %s", status, body)
	}
	if status, body := overTCP(t, in).do("GET", "/api/v1/status", ""); status != 200 {
		t.Errorf("the new token: %d %s", status, body)
	}
	overSocketStream.sendRequest(uuid.Must(uuid.NewV7()), `{"k":"submit","p":"adder"}`, "null")
	if got := overSocketStream.readAnswer(); !strings.Contains(got.header, `"s":"queued"`) {
		t.Errorf("the stream over the socket: %+v", got)
	}
}

// openEndless requests an answer without an end.
func (c *client) openEndless(path string) io.ReadCloser {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), testlength.Patience)
	c.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header = c.head
	res, err := c.http.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		c.t.Fatalf("follow %s: %v %v", path, res, err)
	}
	return res.Body
}

// await polls a condition for which there is no event.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	patience := time.After(testlength.Patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}
