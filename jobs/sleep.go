package jobs

import (
	"context"
	"time"

	"initiator/worker"
)

type sleepInput struct {
	Seconds float64 `json:"seconds"`
	MS      float64 `json:"ms"`
}

type sleepResult struct {
	MS int64 `json:"ms"` // the time that the handler has really slept
}

// progressInterval is the time between two reports of progress.
const progressInterval = 100 * time.Millisecond

// sleep sleeps for {"seconds": n} or {"ms": n}. A job that takes time does two
// things: it watches its context, which ends when the task is cancelled or its
// deadline passes, and it reports progress, so that the initiator knows that
// it is not stuck.
var sleep = worker.Handle("sleep", func(ctx context.Context, in sleepInput) (sleepResult, error) {
	began := time.Now()
	length := time.Duration((in.Seconds*1000 + in.MS) * float64(time.Millisecond))
	end := time.NewTimer(length)
	defer end.Stop()
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		select {
		case <-end.C:
			return sleepResult{time.Since(began).Milliseconds()}, nil
		case <-tick.C:
			worker.Progress(ctx, map[string]float64{"done": float64(time.Since(began)) / float64(length)})
		case <-ctx.Done():
			return sleepResult{}, context.Cause(ctx)
		}
	}
})
