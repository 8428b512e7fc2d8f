//go:build unix

package worker

import (
	"slices"
	"testing"
	"time"
)

// TestHeartbeatsAreSpread: workers that are connected at the same time do not
// send their heartbeats at the same time. (Twelve random moments of a second
// lie within a tenth of it once in ten thousand million runs.)
func TestHeartbeatsAreSpread(t *testing.T) {
	t.Parallel()
	const span = time.Second
	type start struct {
		m         *master
		connected time.Time
	}
	var all []start
	for range 12 {
		m := newMaster(t)
		p := launch(t, Options{HeartbeatSpan: span})
		p.connect(m)
		all = append(all, start{m, time.Now()})
	}
	first := make(chan time.Duration, len(all))
	for _, s := range all {
		go func() {
			<-s.m.beats // every worker sends a heartbeat within a span, or launch reports why it has ended
			first <- time.Since(s.connected)
		}()
	}
	var after []time.Duration
	for range all {
		after = append(after, await(t, first, "a heartbeat"))
	}
	if spread := slices.Max(after) - slices.Min(after); spread < span/10 {
		t.Errorf("the first heartbeats of all came within %v: %v", spread, after)
	}
}
