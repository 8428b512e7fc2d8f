//go:build unix

package worker

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/webhook"
)

// A large heartbeat has more time to arrive, up to the tolerance.
func TestHeartbeatTimeout(t *testing.T) {
	t.Parallel()
	running := func(mib int) webhook.HeartbeatBody {
		text := strings.Repeat("x", mib<<19)
		return webhook.HeartbeatBody{Running: []webhook.RunningTask{
			{Progress: []byte(text), Output: &task.Output{Text: text}}, {},
		}}
	}
	for _, c := range []struct {
		span, tolerance time.Duration
		mib             int
		want            time.Duration
	}{
		{3 * time.Second, 15 * time.Second, 0, 3 * time.Second},
		{200 * time.Millisecond, 15 * time.Second, 0, time.Second},
		{3 * time.Second, 15 * time.Second, 4, 7 * time.Second},
		{3 * time.Second, 15 * time.Second, 16, 15 * time.Second},
		{3 * time.Second, 2 * time.Second, 0, 2 * time.Second},
	} {
		s := &server{startConfig: startConfig{heartbeatSpan: c.span, heartbeatTolerance: c.tolerance}}
		if got := s.heartbeatTimeout(running(c.mib)); got != c.want {
			t.Errorf("span %v, tolerance %v, %d MiB: %v, want %v", c.span, c.tolerance, c.mib, got, c.want)
		}
	}
}
