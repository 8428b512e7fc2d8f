package client_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

// TestACutConnectionLosesNothing: while connections are cut again and again,
// every call ends, and every task has run once.
func TestACutConnectionLosesNothing(t *testing.T) {
	in := initiatortest.StartText(t, streamed)
	w, s := streamOver(t, in.Socket())
	ctx, cancel := context.WithTimeout(t.Context(), initiatortest.Patience)
	defer cancel()
	const callers, each = 16, 25
	var all sync.WaitGroup
	var mu sync.Mutex
	var lost []uuid.UUID
	done := 0
	for range callers {
		all.Go(func() {
			for range each {
				f := s.Go(ctx, nap(2))
				got, err := f.Wait(ctx)
				mu.Lock()
				done++
				if done%40 == 0 {
					w.cut()
				}
				switch {
				case isBroken(err):
					lost = append(lost, f.TaskID()) // its submit was on the wire
				case err != nil || got.State != task.Completed:
					t.Errorf("%+v %v", got, err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if w.opened() < 2 {
		t.Error("nothing was cut")
	}
	kept, err := in.List(ctx, task.Filter{Pool: "sleeper", Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if len(k.History) != 1 {
			t.Errorf("task %s ran %d times", k.ID, len(k.History))
		}
	}
	unknown := 0
	for _, id := range lost { // some may have arrived after all
		if _, err := in.Task(ctx, id); err != nil {
			unknown++
		}
	}
	if len(kept) != callers*each-unknown {
		t.Errorf("%d tasks are kept and %d never arrived, of %d", len(kept), unknown, callers*each)
	}
}

// TestAnInitiatorThatIsGone fails all that is under way, and what comes.
func TestAnInitiatorThatIsGone(t *testing.T) {
	in := initiatortest.StartText(t, streamed)
	w, s := streamOver(t, in.Socket())
	one, two := s.Go(t.Context(), never), s.Go(t.Context(), never)
	must[client.Reply](t)(s.Call(t.Context(), sum(1, 1))) // which was asked behind them
	w.gone()
	for _, f := range []*client.Future{one, two} {
		_, err := f.Wait(t.Context())
		if !isBroken(err) || !strings.Contains(err.Error(), f.TaskID().String()) {
			t.Errorf("under way: %v", err)
		}
	}
	if _, err := s.Call(t.Context(), sum(1, 1)); err == nil {
		t.Error("a call without a connection succeeds")
	}
}

// TestAnInitiatorThatEnds says so to those who wait.
func TestAnInitiatorThatEnds(t *testing.T) {
	in := initiatortest.StartText(t, streamed)
	_, s := streamOver(t, in.Socket())
	f := s.Go(t.Context(), never)
	must[client.Reply](t)(s.Call(t.Context(), sum(1, 1))) // which was asked behind it
	if err := in.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "shutting down") {
		t.Errorf("under way: %v", err)
	}
}

// TestTheNextInitiatorAnswers on the same socket, what the last was asked.
func TestTheNextInitiatorAnswers(t *testing.T) {
	state := t.TempDir()
	first := initiatortest.StartText(t, streamed, initiatortest.StateDir(state))
	w, s := streamOver(t, first.Socket())
	submitted := s.Go(t.Context(), task.Request{Pool: "closed", Data: json.RawMessage(`{"a":2,"b":3}`)})
	must[client.Reply](t)(s.Call(t.Context(), sum(1, 1))) // which was asked behind it
	shared := client.Unix(w.socket)
	defer shared.Close()
	must[client.Reply](t)(shared.Call(t.Context(), sum(1, 1)))
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := submitted.Wait(t.Context()); err == nil {
		t.Error("it has ended with the initiator")
	}
	second := initiatortest.StartText(t, streamed, initiatortest.StateDir(state))
	w.mu.Lock()
	w.behind = second.Socket()
	w.mu.Unlock()
	if got := must[client.Reply](t)(shared.Call(t.Context(), sum(2, 2))); string(got.Result) != `{"sum":4}` {
		t.Errorf("the shared stream: %+v", got)
	}
	if _, err := second.Start(t.Context(), "closed"); err != nil {
		t.Fatal(err)
	}
	r := task.Request{Pool: "closed", ID: submitted.TaskID(), Data: json.RawMessage(`{"a":2,"b":3}`)}
	if got := must[client.Reply](t)(shared.Call(t.Context(), r)); string(got.Result) != `{"sum":5}` || !got.Known {
		t.Errorf("what the last one was asked: %+v", got)
	}
}

// TestAnInitiatorWithoutStreams, an older one, is asked over HTTP.
func TestAnInitiatorWithoutStreams(t *testing.T) {
	in := initiatortest.StartText(t, streamed)
	old := older(t, in)
	c := client.Unix(old)
	t.Cleanup(c.Close)
	if _, err := c.Stream(t.Context()); err == nil {
		t.Fatal("there is a stream")
	}
	for n, r := range []task.Request{sum(2, 3), nap(300)} {
		if got := must[client.Reply](t)(c.Call(t.Context(), r)); got.State != task.Completed || got.ID == uuid.Nil {
			t.Errorf("call %d: %+v", n, got)
		}
	}
	if _, err := c.Call(t.Context(), task.Request{Pool: "addr"}); err == nil || !strings.Contains(err.Error(), "did you mean") {
		t.Errorf("%v", err)
	}
}

// older serves what an initiator does, but for its streams.
func older(t *testing.T, in *initiatortest.Initiator) (socket string) {
	t.Helper()
	token := string(must[[]byte](t)(readToken(in)))
	to := must[*url.URL](t)(url.Parse(in.URL()))
	pass := &httputil.ReverseProxy{Transport: &http.Transport{DisableKeepAlives: true}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Set("Authorization", "Bearer "+token)
	}}
	return serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			http.NotFound(w, r)
			return
		}
		pass.ServeHTTP(w, r)
	}))
}
