package worker

import (
	"net/http"
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
