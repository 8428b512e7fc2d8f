//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"initiator/internal/stream"
	"initiator/internal/webhook"
)

// The ways in which a call through a transport ends.
const (
	completed = "completed"
	final     = "failed for good"
	retried   = "failed, may be retried"
	handed    = "handed back" // code 101: the worker stops
)

// endOf returns how a task ended.
func endOf(done, retry bool, code int) string {
	switch {
	case done:
		return completed
	case code == webhook.ShuttingDown.Number:
		return handed
	case retry:
		return retried
	}
	return final
}

// transport is one way to give a worker tasks. Its function call returns how
// the task ended, and its result as the webhooks show it.
type transport struct {
	name string
	call func(p *program, m *master, method, data string) (end, result string)
	// fullAnswer is the answer to a call when every slot is taken.
	fullAnswer string
	// callWhenFull makes a call that is not accepted, and returns its answer.
	callWhenFull func(p *program, m *master) string
	// exclusive: it ends another transport, the stream of the same session.
	exclusive bool
	// queues: a second call waits for the first call instead of being refused.
	queues bool
}

var transportSeq atomic.Uint64

func transportTask(method, data string) webhook.TaskBody {
	return taskBody("door-"+strconv.FormatUint(transportSeq.Add(1), 10), method, data)
}

func transports() []transport {
	webhookBusy := func(p *program, m *master) string {
		e, status := p.call("POST", "/task/new", m.session, transportTask("gate", `{}`))
		return fmt.Sprintf("%d %d", status, e.Code)
	}
	return []transport{
		{"two requests", throughWebhook, "400 601", webhookBusy, false, false},
		{"inline", throughInline, "400 601", webhookBusy, false, false},
		{"stream, opened", throughStream, "refused 601", func(p *program, m *master) string {
			a := m.openStream(p).runTask(transportTask("gate", `{}`))
			return fmt.Sprint(a.Status, " ", a.Code)
		}, false, false},
		{"stream, inherited", throughPassedStream, "refused 601", func(p *program, m *master) string {
			a := m.openPassedStream(p).runTask(transportTask("gate", `{}`))
			return fmt.Sprint(a.Status, " ", a.Code)
		}, true, false},
		{"direct", throughDirect, `503 {"error":{"code":1000,"value":"no free slot"}}`, func(p *program, _ *master) string {
			status, body := p.direct(`{"method":"gate","parameters":{}}`)
			return fmt.Sprintf("%d %s", status, body)
		}, false, false},
		{"chirp", throughChirp, "refused 601", func(p *program, _ *master) string {
			h, _ := p.chirp(stream.WorkerHeader{Method: "gate"}, `{}`)
			return fmt.Sprint(h.Status, " ", h.Code)
		}, false, true},
	}
}

func throughWebhook(p *program, m *master, method, data string) (end, result string) {
	p.t.Helper()
	p.mustCall(webhook.Success, "POST", "/task/new", m.session, transportTask(method, data))
	got := await(p.t, m.results, "the result of "+method)
	return endOf(got.path == "complete", got.Retry, got.Code), string(got.Result)
}

func throughInline(p *program, m *master, method, data string) (end, result string) {
	p.t.Helper()
	body := transportTask(method, data)
	body.Task.InlineMS = int(patience.Milliseconds())
	e, _ := p.call("POST", "/task/new", m.session, body)
	switch {
	case !e.Success:
		return endOf(false, false, e.Code), string(e.Data)
	case e.Data == nil: // the outcome is large, and is reported
		got := await(p.t, m.results, "the result of "+method)
		return endOf(got.path == "complete", got.Retry, got.Code), string(got.Result)
	}
	var answer webhook.TaskAnswer
	if err := json.Unmarshal(e.Data, &answer); err != nil {
		p.t.Fatalf("%s: %v", e.Data, err)
	}
	return endOf(answer.Status == webhook.StatusCompleted, answer.Retry, 0), string(answer.Result)
}

func throughDirect(p *program, _ *master, method, data string) (end, result string) {
	p.t.Helper()
	status, body := p.direct(`{"method":"` + method + `","parameters":` + data + `}`)
	if status == http.StatusOK {
		return completed, body
	}
	var fault struct {
		Error struct{ Value json.RawMessage }
	}
	if err := json.Unmarshal([]byte(body), &fault); err != nil {
		p.t.Fatalf("%d %s: %v", status, body, err)
	}
	return final, string(fault.Error.Value)
}

// direct makes one call of the direct listener.
func (p *program) direct(body string) (int, string) {
	p.t.Helper()
	res := p.post(context.Background(), []byte(body), http.Header{"Authorization": {"Bearer " + p.token}})
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

func (p *program) post(ctx context.Context, body []byte, header http.Header) *http.Response {
	p.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+p.addr+"/", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header = header
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}).Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

// TestEveryTransportUsesTheSameSlots: a task of one transport holds a slot
// that no other transport can use, and frees it for the others.
func TestEveryTransportUsesTheSameSlots(t *testing.T) {
	t.Parallel()
	for _, holder := range transports() {
		t.Run(holder.name, func(t *testing.T) {
			began, release := make(chan struct{}, 1), make(chan struct{})
			gate := HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) {
				began <- struct{}{}
				<-release
				return nil, nil
			})
			echo := HandleRaw("echo", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return data, nil })
			m := newMaster(t)
			p := launchAllTransports(t, Options{Handlers: []Handler{gate, echo}})
			p.connect(m)
			others := slices.DeleteFunc(transports(), func(d transport) bool { return d.exclusive || holder.exclusive && d.name == "stream, opened" })
			held := make(chan bool, 1)
			go func() {
				end, _ := holder.call(p, m, "gate", `{}`)
				held <- end == completed
			}()
			await(t, began, "the first task")
			for _, d := range others {
				if d.queues && d.name == holder.name {
					continue
				}
				if got := d.callWhenFull(p, m); got != d.fullAnswer {
					t.Errorf("%s: %s", d.name, got)
				}
			}
			close(release)
			if !await(t, held, "the end of the first task") {
				t.Error("it did not complete")
			}
			for _, d := range others {
				if end, got := d.call(p, m, "echo", `1`); end != completed || got != "1" {
					t.Errorf("%s: %s %s", d.name, end, got)
				}
			}
		})
	}
}

// TestDrainWaitsForEveryTransport: running tasks end and are answered, for
// each transport.
func TestDrainWaitsForEveryTransport(t *testing.T) {
	t.Parallel()
	for _, d := range transports() {
		t.Run(d.name, func(t *testing.T) {
			began, release := make(chan struct{}), make(chan struct{})
			gate := HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) {
				close(began)
				<-release
				return json.RawMessage(`"done"`), nil
			})
			m := newMaster(t)
			p := launchAllTransports(t, Options{Handlers: []Handler{gate}})
			p.connect(m)
			got := make(chan string, 1)
			go func() {
				_, result := d.call(p, m, "gate", `{}`)
				got <- result
			}()
			await(t, began, "the task")
			p.mustCall(codeOK, "DELETE", "/shutdown", p.token, nil)
			close(release)
			if result := await(t, got, "the result"); result != `"done"` {
				t.Error(result)
			}
			if err := p.waitEnded(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCancelReachesTheHandler: by webhook when the master disconnects, and on
// the direct listener when the caller closes its connection.
func TestCancelReachesTheHandler(t *testing.T) {
	t.Parallel()
	for _, d := range []string{"webhook", "direct"} {
		t.Run(d, func(t *testing.T) {
			began, cause := make(chan struct{}), make(chan error, 1)
			h := HandleRaw("gate", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
				close(began)
				<-ctx.Done()
				cause <- context.Cause(ctx)
				return nil, ctx.Err()
			})
			m := newMaster(t)
			p := launch(t, Options{Handlers: []Handler{h}})
			p.connect(m)
			want := errDisconnected
			if d == "direct" {
				want = errClientGone
				ctx, cancel := context.WithCancel(t.Context())
				gone := make(chan error, 1)
				go func() {
					req, _ := http.NewRequestWithContext(ctx, "POST", "http://"+p.addr+"/", strings.NewReader(`{"method":"gate"}`))
					req.Header.Set("Authorization", "Bearer "+p.token)
					_, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
					gone <- err
				}()
				await(t, began, "the call")
				cancel()
				if err := await(t, gone, "the caller"); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			} else {
				p.give(m, "1", "", `{}`)
				await(t, began, "the task")
				p.mustCall(codeOK, "DELETE", "/disconnect", m.session, webhook.DisconnectBody{})
			}
			if err := await(t, cause, "the cancellation"); !errors.Is(err, want) {
				t.Errorf("cause %v", err)
			}
		})
	}
}
