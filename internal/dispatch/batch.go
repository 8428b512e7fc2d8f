package dispatch

import (
	"cmp"
	"context"
	"time"

	"initiator/internal/queue"
)

// BatchLineResult is what became of one of many submits: its record, or Err, which is
// one of Submit's.
type BatchLineResult struct {
	Task task.Task
	Err  error
}

// SubmitMany is Submit for many in one question to the loop, and so with one
// commit for all of them. Every request has its own verdict, in their order;
// one that is refused does not keep the others out. The error is that nobody
// could be asked, or ctx's, when some of them may have been taken.
func (d *Dispatcher) SubmitMany(ctx context.Context, requests []task.Request) ([]BatchLineResult, error) {
	return askLoop(ctx, d, func(m *loopRequest[[]BatchLineResult], now time.Time) {
		all := make([]BatchLineResult, len(requests))
		for i, r := range requests {
			all[i].Task, all[i].Err = d.submitTask(r, now)
		}
		d.afterRound(func(kept error) {
			for i := range all {
				all[i].Err = cmp.Or(all[i].Err, kept)
			}
			m.reply(all, nil)
		})
	})
}
