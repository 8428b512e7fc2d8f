package dispatch

import (
	"testing"
	"time"

	"initiator/internal/queue"
)

// TestDelayOfAFailure holds that a failure may ask for any delay up to the
// longest of a policy, and a refusal for a minute.
func TestDelayOfAFailure(t *testing.T) {
	for data, want := range map[string]time.Duration{
		`{"retry_after":0.25}`: 250 * time.Millisecond,
		`{"retry_after":3600}`: time.Hour,
		`{"retry_after":1e12}`: queue.MaxRetryDelay,
		`{"retry_after":-1}`:   0,
		`{"message":"no"}`:     0,
		`[3600]`:               0,
	} {
		if got := taskOutcome(true, true, []byte(data)).RetryAfter; got != want {
			t.Errorf("%s: the next attempt follows in %v, want %v", data, got, want)
		}
	}
	if got := retryAfter([]byte(`{"retry_after":3600}`), maxRetryAfter); got != time.Minute {
		t.Errorf("a refusal delays a task by %v, want a minute", got)
	}
}
