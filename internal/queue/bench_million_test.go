package queue_test

import (
	"errors"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// BenchmarkMillion measures the processor time of a submit and of a lease in a
// queue with a million tasks and in a queue with a thousand tasks. It measures a
// thousand operations together, stored and not synced. Run it with -benchtime 1x.
func BenchmarkMillion(b *testing.B) {
	few, many := filled(b, 1_000, store.Sync{Off: true}), filled(b, 1_000_000, store.Sync{Off: true})
	var leases []queue.Lease
	spent := func(q *queue.Engine, f func()) func() float64 {
		return func() float64 {
			before := cpu()
			for range atOnce {
				f()
			}
			if err := q.CommitAndWait(); err != nil {
				b.Error(err)
			}
			return float64((cpu() - before).Microseconds()) / atOnce
		}
	}
	add := func(q *queue.Engine) func() float64 { return spent(q, func() { submit(b, q) }) }
	lease := func(q *queue.Engine) func() float64 {
		return spent(q, func() {
			t, ok := q.LeaseNext(time.Now(), "p", "w", 1, nil)
			if !ok {
				b.Error("no task to lease")
			}
			l, _ := queue.LeaseOf(&t)
			leases = append(leases, l)
		})
	}
	end := func(q *queue.Engine) func() float64 {
		return spent(q, func() {
			l := leases[len(leases)-1]
			leases = leases[:len(leases)-1]
			if _, err := q.EndAttempt(time.Now(), l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted}, 0); err != nil {
				b.Error(err)
			}
		})
	}
	got := inTurn(add(few), add(many), lease(few), end(few), lease(many), end(many))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(got[0], "submit-µs")
	b.ReportMetric(got[1], "submit-in-million-µs")
	b.ReportMetric(got[1]/got[0], "submit-ratio")
	b.ReportMetric(got[2], "lease-µs")
	b.ReportMetric(got[4], "lease-in-million-µs")
	b.ReportMetric(got[4]/got[2], "lease-ratio")
	if err := errors.Join(few.Close(), many.Close()); err != nil {
		b.Error(err)
	}
}

// atOnce is the number of operations that are measured together.
const atOnce = 1000
