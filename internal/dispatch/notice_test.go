package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"initiator/initiator/task"
	"initiator/worker"
)

// savingHandler returns a handler that ends as soon as it is told that its
// worker stops, and reports each start.
func savingHandler(began chan<- struct{}) worker.Handler {
	return worker.HandleRaw("save", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		began <- struct{}{}
		select {
		case <-worker.Stopping(ctx):
			return nil, fmt.Errorf("page 3 is saved: %w", worker.ErrStopping)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

// proxyWithoutStream passes requests on to a worker, except for a stream.
func proxyWithoutStream(t *testing.T, to string) string {
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A worker that drains is told so, over its stream or with the answer to its
// next heartbeat. A handler that ends because of that hands its task back: it
// costs no attempt, the worker has drained, and another worker runs the task.
func TestDrainGivesNotice(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"stream", "webhook"} {
		t.Run(transport, func(t *testing.T) {
			h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
			began := make(chan struct{}, 1)
			at, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{savingHandler(began)}})
			if transport == "webhook" {
				at = proxyWithoutStream(t, at)
			}
			h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: at, Slots: 1})
			if transport == "stream" {
				h.waitForStream("w")
			}
			one := h.mustSubmit(task.Request{Pool: "p"})
			<-began
			h.d.DrainWorker("w", 1)
			h.observer.waitFor(t, observation{"drained", "w", 1})
			got := h.waitUntil(one.ID, "is in the queue again", func(t task.Task) bool { return t.State == task.Queued })
			if len(got.History) != 1 || got.History[0].Outcome != task.OutcomeReleased || !strings.Contains(got.History[0].Error, "page 3 is saved") {
				t.Errorf("history %+v", got.History)
			}
			h.attachWorker("p", "x", 1, echo)
			if got := h.mustWait(one.ID); got.State != task.Completed || got.Attempt != 1 {
				t.Errorf("%s, attempt %d, %+v", got.State, got.Attempt, got.History)
			}
		})
	}
}
