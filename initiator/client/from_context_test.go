//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/internal/handlercontext"
	"initiator/worker"
)

// A handler that submits a task for each page and waits for all of them.
func ExampleFromContext() {
	worker.Main(worker.Handle("render_all", func(ctx context.Context, pages []string) (int, error) {
		c, err := client.FromContext(ctx)
		if err != nil {
			return 0, err
		}
		var children []uuid.UUID
		for _, page := range pages {
			data, _ := json.Marshal(page)
			child, err := c.Submit(ctx, task.Request{Pool: "renderer", Data: data, Key: page})
			if err != nil {
				return 0, err
			}
			children = append(children, child.ID)
		}
		for _, id := range children {
			if _, err := c.Wait(ctx, id); err != nil {
				return 0, err
			}
		}
		return len(pages), nil
	}))
}

// handlerContext returns the context of a handler whose worker has these settings.
func handlerContext(ctx context.Context, settings map[string]string, id uuid.UUID) context.Context {
	return context.WithValue(ctx, handlercontext.Key{}, handlercontext.Handler{Task: id, Setting: func(key string) (string, bool) {
		value, ok := settings[key]
		return value, ok
	}})
}

func TestNoClientWithoutAnInitiator(t *testing.T) {
	t.Parallel()
	if _, err := client.FromContext(t.Context()); err == nil || !strings.Contains(err.Error(), "not that of a handler") {
		t.Errorf("another context: %v", err)
	}
	for _, settings := range []map[string]string{nil, {"parent_addr": "127.0.0.1", "token": "x"}} {
		if _, err := client.FromContext(handlerContext(t.Context(), settings, uuid.Nil)); err == nil || !strings.Contains(err.Error(), "was not launched by an initiator") {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

// A request of a handler to an initiator that is not available for a moment is
// repeated with the same id. A refusal is final. Both name the handler's task.
func TestHandlersSubmitUnderTheSameID(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	type body struct{ ID, Pool, Parent string }
	bodies := make(chan body, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // whether the initiator answers
			_, _ = w.Write([]byte(`{}`))
			return
		}
		var b body
		_ = json.NewDecoder(r.Body).Decode(&b)
		bodies <- b
		switch n := calls.Add(1); {
		case b.Pool == "nowhere":
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":714,"message":"there is no pool"}`))
		case n == 1:
			panic(http.ErrAbortHandler) // in the middle of an answer
		case n == 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = w.Write([]byte(`{"id":"` + b.ID + `","state":"queued"}`))
		}
	}))
	defer server.Close()
	host, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	parent := uuid.New()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := client.FromContext(handlerContext(ctx, map[string]string{"parent_addr": host, "parent_port": port, "token": "x"}, parent))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Submit(ctx, task.Request{Pool: "p"})
	if a, b, d := <-bodies, <-bodies, <-bodies; err != nil || a != b || b != d || got.ID.String() != a.ID || a.Parent != parent.String() {
		t.Errorf("%+v, %v; asked with %s, %s, %s", got, err, a, b, d)
	}
	if _, err := c.Submit(ctx, task.Request{Pool: "nowhere"}); !errors.Is(err, task.ErrUnknownPool) {
		t.Errorf("%v", err)
	}
	cancel()
	if _, err := c.Task(context.WithoutCancel(ctx), got.ID); err == nil {
		t.Error("asked after the end of the handler")
	}
}
