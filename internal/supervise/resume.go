package supervise

import (
	"strings"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/probe"
)

// replay takes what has happened since the memos were left, with the times at
// which it did, so that the law judges it as if we had watched.
func (l *loop) replay() {
	if len(l.opts.Held) == 0 {
		return
	}
	for e := range l.events {
		if e.Kind == keeper.KindSynced || e.Kind == keeper.KindLost {
			l.now = time.Now()
			if e.Kind == keeper.KindLost {
				l.keeperLost(e.Error)
			}
			return
		}
		l.replayed(e)
	}
}

func (l *loop) replayed(e keeper.Event) {
	l.now = time.Now().Add(-e.Age)
	if w := l.workers[e.GUID]; w != nil && w.restored != nil {
		w.restored.ordered = true
		if at := w.rec.ForgetDeathsAt(); w.rec.Phase == lifecycle.PhaseReady && !at.IsZero() && at.Before(l.now) {
			now := l.now
			l.now = at
			l.apply(w, lifecycle.Event{Kind: lifecycle.DeadlinePassed})
			l.now = now
		}
	}
	l.hear(e, true)
	// What follows from it waits for resume: nothing is started before all is
	// known.
}

// resumeAll goes on with every worker from where its record stands.
func (l *loop) resumeAll() {
	if len(l.opts.Held) == 0 {
		return
	}
	l.settle()
	for _, h := range l.strangers {
		_ = l.keeper.End(keeper.EndOrder{GUID: h.GUID, Incarnation: h.Incarnation, Signal: signalNumber("KILL")}) // when it is lost, so are they
	}
	l.takenOver()
	for _, w := range l.order {
		if w.restored != nil {
			l.resume(w)
		}
	}
	l.settle()
	l.reconcile()
	for _, w := range l.order {
		w.restored = nil
	}
}

// resume does again what a record stands for and died with its process.
func (l *loop) resume(w *worker) {
	r := &w.rec
	if !w.keeps() { // it was left for an upgrade, which this is
		l.sent(l.keeper.SaveSnapshot(w.guid, nil, 0, false, 0), "memo", w)
	}
	switch {
	case r.Phase.AtRest():
		if w.restored.HasSocket {
			l.sent(l.keeper.ReleaseSocket(w.guid), "release", w)
		}
	case r.Phase == lifecycle.PhaseWaiting:
		l.check(w)
	case r.Phase == lifecycle.PhaseSpawning && !w.restored.ordered:
		l.spawn(w)
	case r.Phase == lifecycle.PhaseEnding, r.Phase == lifecycle.PhaseClearing:
		l.end(w, lifecycle.Action{Kind: lifecycle.EndProcess, Wait: r.Spec.StopWait, Kill: r.Phase == lifecycle.PhaseClearing})
	}
	if !r.Phase.HasProcess() {
		return
	}
	l.listen(w)
	if r.Attached {
		l.attach(w)
	}
	switch r.Phase {
	case lifecycle.PhaseStarting:
		if !r.Ready {
			l.probe(w)
		}
	case lifecycle.PhaseDraining:
		l.drain(w)
	case lifecycle.PhaseReady, lifecycle.PhaseUnready:
		l.guard(w)
	}
	l.timers.Set(&w.timer, r.NextDeadline())
}

// listen takes up a worker's notify socket and its lines again.
func (l *loop) listen(w *worker) {
	spec := w.rec.Spec
	if dir := w.restored.memo.Notify; dir != "" && w.socket == nil {
		socket, err := probe.ReopenNotifySocket(dir, w.notifyOwner(), l.notified)
		if err != nil {
			l.log.Warn("restore: "+err.Error(), "guid", w.guid)
			w.rec.LastBeat = time.Time{} // nobody can hear it: it is not held to it
		}
		w.socket = socket
	}
	begins := w.rec.Phase == lifecycle.PhaseStarting && !w.rec.Ready || w.rec.Phase == lifecycle.PhaseSpawning
	l.watch(w, l.watches(spec, begins), begins)
}

func (w *worker) notifyOwner() probe.NotifyOwner {
	return probe.NotifyOwner{GUID: w.guid, Incarnation: w.rec.Incarnation, OtherUser: w.rec.Spec.Limits.User != ""}
}

func (l *loop) notified(e lifecycle.Event) { l.box.Put(func(l *loop) { l.report(e) }) }

// reconcile makes the workers that were found those that the file asks for, as
// a reload would: what differs is restarted, what is gone is stopped.
func (l *loop) reconcile() {
	for _, w := range append([]*worker(nil), l.order...) {
		if w.restored == nil || w.forgotten {
			continue
		}
		if w.pool.gone {
			l.forget(w, "no longer in the file")
			continue
		}
		keys := plan.DiffFingerprints(w.restored.memo.Made, l.fingerprint(w.rec.Spec))
		if len(keys) > 0 && w.rec.Phase.HasProcess() && w.rec.Incarnation == w.restored.memo.Record.Incarnation {
			l.apply(w, lifecycle.Event{Kind: lifecycle.RestartRequested, Reason: "its definition has changed: " + strings.Join(keys, ", ")})
		}
	}
	for _, p := range l.pools {
		if missing, any := p.short(); any && !p.gone && missing != 0 {
			l.scale(p, len(p.workers)+missing, p.spec.Autostart)
		}
	}
}
