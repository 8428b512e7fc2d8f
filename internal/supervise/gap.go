package supervise

import (
	"time"

	"initiator/internal/frozentime"
	"initiator/internal/lifecycle"
)

// tickInterval is how often the loop wakes at least.
const tickInterval = time.Second

// beginRound notes the time of a round. When the loop has not run for some
// time, each worker's time-out is moved: the worker may not have run either.
func (l *loop) beginRound() {
	l.now = time.Now()
	if gap := l.rounds.Observe(l.now); gap.Found() {
		l.watch.noteGap(l.now)
		if l.timeouts > 0 {
			l.moveTimeouts(gap)
		}
	}
}

func (l *loop) moveTimeouts(gap frozentime.Gap) {
	l.log.Warn("the time-outs of workers are moved: "+gap.String(), "workers", l.timeouts)
	for _, w := range l.order {
		before := w.rec
		w.rec = w.rec.AfterGap(gap, l.now)
		l.updateTimer(w, &before)
		l.saveSnapshot(w)
	}
}

// updateTimer sets the timer of a worker whose record has changed, and counts
// the workers that have a time-out.
func (l *loop) updateTimer(w *worker, before *lifecycle.Record) {
	l.timers.Set(&w.timer, w.rec.NextDeadline())
	if before.HasTimeout() {
		l.timeouts--
	}
	if w.rec.HasTimeout() {
		l.timeouts++
	}
}
