package frozentime

import (
	"context"
	"time"
)

// timerInterval is how often a timer of AfterFunc looks at the clock.
const timerInterval = time.Second

// AfterFunc calls f in a goroutine of its own when this process has run for d.
// stop ends the timer. It returns false when f was called before. The timer
// wakes once a second, so it is for short waits.
func AfterFunc(d time.Duration, f func()) (stop func() bool) {
	ctx, cancel := context.WithCancel(context.Background())
	claimed := make(chan struct{}, 1) // of f or of stop, whichever is first
	claimed <- struct{}{}
	began := time.Now()
	go func() {
		if !waitRunning(ctx, began, d) {
			return
		}
		select {
		case <-claimed:
			f()
		default:
		}
	}()
	return func() bool {
		cancel()
		select {
		case <-claimed:
			return true
		default:
			return false
		}
	}
}

// waitRunning waits until this process has run for d since began. It returns
// false when ctx ended first.
func waitRunning(ctx context.Context, began time.Time, d time.Duration) bool {
	var own Detector
	now, deadline := began, began.Add(d)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for now.Before(deadline) {
		wait := min(deadline.Sub(now), timerInterval)
		own.Expect(now.Add(wait), wait)
		timer.Reset(time.Until(now.Add(wait)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
		now = time.Now()
		deadline = own.Observe(now).MoveDeadline(deadline, now, 0)
	}
	return true
}
