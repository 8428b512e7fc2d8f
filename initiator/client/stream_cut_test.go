//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// TestACutConnectionLosesNothing cuts connections again and again: every call
// succeeds, and every task runs once.
func TestACutConnectionLosesNothing(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	p, s := openStreamThroughProxy(t, in.Initiator().Socket())
	ctx, cancel := context.WithTimeout(t.Context(), testlength.Patience)
	defer cancel()
	const callers, each = 16, 25
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range callers {
		all.Go(func() {
			for range each {
				f := s.Go(ctx, sleepRequest(2))
				got, err := f.Wait(ctx)
				mu.Lock()
				done++
				if done%40 == 0 {
					p.cutConns()
				}
				if err != nil || got.State != task.Completed || got.Known {
					t.Errorf("%+v %v", got, err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if p.connCount() < 2 {
		t.Error("no connection was cut")
	}
	kept, err := in.Client().List(ctx, task.Filter{Pool: "sleeper", Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if len(k.History) != 1 {
			t.Errorf("task %s ran %d times", k.ID, len(k.History))
		}
	}
	if len(kept) != callers*each {
		t.Errorf("%d tasks are kept, want %d", len(kept), callers*each)
	}
}

// TestARepeatedCallIsNew loses every reply to a call, which is then continued on
// another connection.
func TestARepeatedCallIsNew(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	p, s := openStreamThroughProxy(t, in.Initiator().Socket())
	require[client.Reply](t)(s.Call(t.Context(), sumRequest(1, 1)))
	p.setMute(true)
	called := s.Go(t.Context(), sumRequest(2, 3))
	adder := task.Filter{Pool: "adder", State: task.Completed}
	for len(require[[]task.Task](t)(in.Client().List(t.Context(), adder))) < 2 {
		if t.Context().Err() != nil {
			t.Fatal("the call has not arrived")
		}
		runtime.Gosched()
	}
	p.setMute(false)
	p.cutConns()
	if r := require[client.Reply](t)(called.Wait(t.Context())); r.Known || string(r.Result) != `{"sum":5}` {
		t.Errorf("the repeated call is answered with %+v", r)
	}
	if all := require[[]task.Task](t)(in.Client().List(t.Context(), adder)); len(all) != 2 {
		t.Errorf("%d tasks were submitted", len(all)-1)
	}
}

// TestALostInitiatorFailsEveryRequest checks open and later requests.
func TestALostInitiatorFailsEveryRequest(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	p, s := openStreamThroughProxy(t, in.Initiator().Socket(), client.ReconnectFor(time.Millisecond))
	one, two := s.Go(t.Context(), pendingTask), s.Go(t.Context(), pendingTask)
	require[client.Reply](t)(s.Call(t.Context(), sumRequest(1, 1))) // the initiator has read the requests before it
	p.stopProxy()
	for _, f := range []*client.Future{one, two} {
		_, err := f.Wait(t.Context())
		if !isLostConnection(err) || !strings.Contains(err.Error(), f.TaskID().String()) {
			t.Errorf("under way: %v", err)
		}
	}
	if _, err := s.Call(t.Context(), sumRequest(1, 1)); err == nil {
		t.Error("a call without a connection succeeds")
	}
}

// TestAnEndingInitiatorTellsItsWaiters checks the error of an open request.
func TestAnEndingInitiatorTellsItsWaiters(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	_, s := openStreamThroughProxy(t, in.Initiator().Socket(), client.ReconnectFor(0))
	f := s.Go(t.Context(), pendingTask)
	require[client.Reply](t)(s.Call(t.Context(), sumRequest(1, 1))) // the initiator has read the request before it
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "shutting down") {
		t.Errorf("under way: %v", err)
	}
}

// TestTheNextInitiatorAnswers submits again to the next initiator on the same socket
// a task that the last initiator was asked for.
func TestTheNextInitiatorAnswers(t *testing.T) {
	state := t.TempDir()
	first := initiatortest.StartText(t, streamINI, initiatortest.StateDir(state))
	p, s := openStreamThroughProxy(t, first.Initiator().Socket(), client.ReconnectFor(0))
	submitted := s.Go(t.Context(), task.Request{Pool: "closed", Data: json.RawMessage(`{"a":2,"b":3}`)})
	require[client.Reply](t)(s.Call(t.Context(), sumRequest(1, 1))) // the initiator has read the request before it
	shared := client.New(p.socket)
	defer shared.Close()
	require[task.Task](t)(shared.Call(t.Context(), sumRequest(1, 1)))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := submitted.Wait(t.Context()); err == nil {
		t.Error("a task without a worker has completed")
	}
	second := initiatortest.StartText(t, streamINI, initiatortest.StateDir(state))
	p.mu.Lock()
	p.behind = second.Initiator().Socket()
	p.mu.Unlock()
	if got := require[task.Task](t)(shared.Call(t.Context(), sumRequest(2, 2))); string(got.Result) != `{"sum":4}` {
		t.Errorf("the shared stream: %+v", got)
	}
	if _, err := second.Client().Start(t.Context(), "closed"); err != nil {
		t.Fatal(err)
	}
	r := task.Request{Pool: "closed", ID: submitted.TaskID(), Data: json.RawMessage(`{"a":2,"b":3}`)}
	if got := require[task.Task](t)(shared.Call(t.Context(), r)); string(got.Result) != `{"sum":5}` || !got.Known {
		t.Errorf("a task of the last initiator: %+v", got)
	}
}

// TestCallUsesHTTPWithoutAStream calls an initiator as old versions were.
func TestCallUsesHTTPWithoutAStream(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	old := serveWithoutStream(t, in)
	c := client.New(old)
	t.Cleanup(c.Close)
	if _, err := c.OpenStream(t.Context()); err == nil {
		t.Fatal("a stream was opened")
	}
	for n, r := range []task.Request{sumRequest(2, 3), sleepRequest(300)} {
		if got := require[task.Task](t)(c.Call(t.Context(), r)); got.State != task.Completed || got.ID == uuid.Nil {
			t.Errorf("call %d: %+v", n, got)
		}
	}
	if _, err := c.Call(t.Context(), task.Request{Pool: "addr"}); err == nil || !strings.Contains(err.Error(), "did you mean") {
		t.Errorf("%v", err)
	}
}

// serveWithoutStream serves what an initiator serves, except its streams.
func serveWithoutStream(t *testing.T, in *initiatortest.Server) (socket string) {
	t.Helper()
	token := string(require[[]byte](t)(readToken(in)))
	to := require[*url.URL](t)(url.Parse(in.Initiator().URL()))
	pass := &httputil.ReverseProxy{Transport: &http.Transport{DisableKeepAlives: true}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Set("Authorization", "Bearer "+token)
	}}
	return serveOnSocket(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			http.NotFound(w, r)
			return
		}
		pass.ServeHTTP(w, r)
	}))
}
