//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"initiator/internal/webhook"
)

func TestRetryWait(t *testing.T) {
	t.Parallel()
	want := []time.Duration{1, 1, 1, 1, 1, 2, 4, 8, 15, 15}
	for try, seconds := range want {
		if got := retryWait(time.Second, try); got != seconds*time.Second {
			t.Errorf("after %d tries %v, want %v", try+1, got, seconds*time.Second)
		}
	}
	if got := retryWait(time.Second, 1_000_000); got != slowestRetry {
		t.Errorf("after very many %v", got)
	}
}

// TestUndeliverableOutcomes: an outcome that the master refuses as too large or
// malformed becomes a final failure that says so, over every transport. Other
// refusals end the report.
func TestUndeliverableOutcomes(t *testing.T) {
	t.Parallel()
	malformed := func(w http.ResponseWriter) { webhook.BadBody.WriteAnswer(w, "nested too deeply", nil) }
	tooLarge := func(w http.ResponseWriter) {
		webhook.BodyTooLarge.WriteAnswer(w, "The body is too large: at most 1 MiB are allowed.", nil)
	}
	proxy := func(w http.ResponseWriter) { http.Error(w, "entity too large", http.StatusRequestEntityTooLarge) }
	result := HandleRaw("result", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(`"` + strings.Repeat("x", 2<<20) + `"`), nil
	})
	failure := HandleRaw("failure", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return nil, TaskFail{Data: strings.Repeat("x", 2<<20), Retry: true}
	})
	tests := []struct {
		method string
		refuse func(http.ResponseWriter)
		want   string
	}{
		{"result", tooLarge, `{"message":"its result has 2.0 MiB and was refused: The body is too large: at most 1 MiB are allowed."}`},
		{"failure", tooLarge, `{"message":"its failure has 2.0 MiB and was refused: The body is too large: at most 1 MiB are allowed."}`},
		{"result", malformed, `{"message":"its result has 2.0 MiB and was refused: nested too deeply"}`},
		{"result", proxy, `{"message":"its result has 2.0 MiB and was refused: it is too large for a server on the way (HTTP 413)"}`},
	}
	for _, d := range transports() {
		if d.name == "direct" || d.name == "chirp" {
			continue
		}
		for _, tt := range tests {
			t.Run(d.name, func(t *testing.T) {
				m := newMaster(t)
				p := launchAllTransports(t, Options{Handlers: []Handler{result, failure}})
				p.connect(m)
				m.answerWith(func(w http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					switch {
					case err == nil && len(body) > 1<<20:
						tt.refuse(w)
						return
					case err == nil:
						m.record(r.Method+" "+r.URL.Path, r.Header.Get("Token"), body)
					}
					webhook.Success.WriteAnswer(w, "", nil)
				})
				body := transportTask(tt.method, `{}`)
				switch d.name {
				case "two requests":
					p.mustCall(codeOK, "POST", "/task/new", m.session, body)
				case "inline":
					body.Task.InlineMS = int(patience.Milliseconds())
					p.mustCall(codeOK, "POST", "/task/new", m.session, body)
				case "stream, opened":
					m.openStream(p).sendTask(body)
				default:
					m.openPassedStream(p).sendTask(body)
				}
				got := await(t, m.results, "the failure")
				if end := endOf(got.path == "complete", got.Retry, got.Code); end != final || string(got.Result) != tt.want {
					t.Errorf("%s: %s %s\nwant %s", tt.method, end, got.Result, tt.want)
				}
			})
		}
	}
}

// TestResultsAreRepeatedAfterTransportErrorsOnly uses a master that fails in
// several ways before it accepts the result, more often than the original
// repeats it.
func TestResultsAreRepeatedAfterTransportErrorsOnly(t *testing.T) {
	t.Parallel()
	hangUp := func(w http.ResponseWriter) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.Close()
	}
	tests := []struct {
		name  string
		fail  func(http.ResponseWriter)
		times int64
		tries int64
	}{
		{"connection reset after the request", hangUp, 9, 10},
		{"a page of a proxy", func(w http.ResponseWriter) { http.Error(w, "bad gateway", 502) }, 9, 10},
		{"a master that shuts down", func(w http.ResponseWriter) { webhook.ShuttingDown.WriteAnswer(w, "", nil) }, 2, 3},
		{"a fault of the master", func(w http.ResponseWriter) { webhook.Internal.WriteAnswer(w, "the disk is full", nil) }, 9, 10},
		{"a body that came too slowly", func(w http.ResponseWriter) { webhook.BodyTimeout.WriteAnswer(w, "", nil) }, 2, 3},
		{"a refusal is final", func(w http.ResponseWriter) { webhook.UnknownSlave.WriteAnswer(w, "", nil) }, 1, 1},
		{"also with HTTP 200", func(w http.ResponseWriter) { webhook.BadTask.WriteAnswer(w, "", nil) }, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMaster(t)
			p := launch(t, Options{})
			p.connect(m)
			var tries atomic.Int64
			m.answerWith(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet { // a heartbeat
					webhook.Success.WriteAnswer(w, "", nil)
					return
				}
				if tries.Add(1) <= tt.times {
					tt.fail(w)
					return
				}
				webhook.Success.WriteAnswer(w, "", nil)
			})
			p.give(m, "1", "sum", `{"a":1,"b":1}`)
			p.stop() // draining waits for the report
			if err := p.waitEnded(); err != nil {
				t.Error(err)
			}
			if tries.Load() != tt.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tt.tries)
			}
		})
	}
}
