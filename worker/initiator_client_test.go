package worker

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// handlerContext returns the context of a handler whose worker was given these
// keys.
func handlerContext(t *testing.T, told map[string]string) context.Context {
	return context.WithValue(t.Context(), settingsKey{}, func(key string) (string, bool) { v, ok := told[key]; return v, ok })
}

func TestNoClientWithoutAnInitiator(t *testing.T) {
	t.Parallel()
	for _, told := range []map[string]string{nil, {"parent_addr": "127.0.0.1", "token": "x"}} {
		if _, err := NewInitiatorClient(handlerContext(t, told)); err == nil || !strings.Contains(err.Error(), "was not launched by an initiator") {
			t.Errorf("%v: %v", told, err)
		}
	}
}

// TestSubmitRetriesUnderTheSameID: a request to an initiator that is not
// available for a moment is repeated with the same id. A refusal is final.
func TestSubmitRetriesUnderTheSameID(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	ids := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ ID, Pool, Parent string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		ids <- body.ID
		switch n := calls.Add(1); {
		case body.Pool == "nowhere":
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":404,"message":"there is no pool"}`))
		case n == 1:
			panic(http.ErrAbortHandler) // in the middle of an answer
		case n == 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = w.Write([]byte(`{"id":"` + body.ID + `","state":"queued"}`))
		}
	}))
	defer server.Close()
	host, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	c, err := NewInitiatorClient(handlerContext(t, map[string]string{"parent_addr": host, "parent_port": port, "token": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Submit(t.Context(), ChildTask{Pool: "p"})
	if a, b, d := <-ids, <-ids, <-ids; err != nil || a != b || b != d || got.ID != a || got.HasEnded() {
		t.Errorf("%+v, %v; asked with %s, %s, %s", got, err, a, b, d)
	}
	if _, err := c.Submit(t.Context(), ChildTask{Pool: "nowhere"}); err == nil || !strings.Contains(err.Error(), "there is no pool") {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ended, "x"); err == nil {
		t.Error("asked after the end of the task")
	}
}
