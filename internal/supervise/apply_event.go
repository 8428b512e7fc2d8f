package supervise

import (
	"math/rand/v2"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
)

// applyQueued applies the events that follow from actions, until there are
// none.
func (l *loop) applyQueued() {
	for i := 0; i < len(l.queued); i++ {
		p := l.queued[i]
		l.applyEvent(p.w, p.e)
	}
	if l.queued = l.queued[:0]; cap(l.queued) > 64 {
		l.queued = nil // the memory of a start of a thousand workers must not stay
	}
}

// queueEvent queues an event that follows from an action.
func (l *loop) queueEvent(w *worker, e lifecycle.Event) {
	l.queued = append(l.queued, pendingEvent{w, e})
}

// applyEvent applies an event to a worker. Only this function changes a record.
func (l *loop) applyEvent(w *worker, e lifecycle.Event) {
	e.Random = rand.Float64()
	if l.opts.Dispatcher != nil && w.rec.Attached && e.Kind.MayEndWorker() {
		e.Task = l.opts.Dispatcher.CausingTask(w.guid, w.rec.Incarnation)
	}
	before := w.rec
	if e.Kind == lifecycle.DependenciesMet { // a new incarnation uses the newest definition
		w.rec.Spec = w.nextSpec
	}
	after, acts, reason := lifecycle.Next(w.rec, e, l.now)
	w.rec = after
	l.countPhases(w, &before)
	l.saveSnapshot(w) // before the actions: an action can be repeated, but a record that led to no action cannot be guessed
	for _, a := range acts {
		l.performAction(w, a)
	}
	l.updateTimer(w, &before)
	l.announceChange(w, &before, reason)
}

// countPhases updates the pool's counts.
func (l *loop) countPhases(w *worker, before *lifecycle.Record) {
	p := w.pool
	p.byPhase[before.Phase]--
	p.byPhase[w.rec.Phase]++
	if before.Phase == lifecycle.PhaseExited && before.LastExit.Class == report.ExitClean {
		p.cleanExits--
	}
	if w.rec.Phase == lifecycle.PhaseExited && w.rec.LastExit.Class == report.ExitClean {
		p.cleanExits++
	}
}

// applyReport applies an event about a worker from outside the loop.
func (l *loop) applyReport(e lifecycle.Event) {
	if w := l.workers[e.GUID]; w != nil {
		l.applyEvent(w, e)
	}
}

// announceChange informs everything that depends on a changed worker.
func (l *loop) announceChange(w *worker, before *lifecycle.Record, reason string) {
	r := &w.rec
	if r.PID != before.PID && r.PID != 0 && w.socket != nil {
		w.socket.ReadMessages(r.PID)
	}
	if !r.AwaitsMain() {
		w.stopFollower()
	}
	if wasReplaced(before, r) {
		l.noteNewMain(w)
	}
	judged := !r.LastExit.At.Equal(before.LastExit.At)
	if judged && r.LastExit.Class != report.ExitRequested {
		l.logDeath(w)
	}
	if isShown(before, r) {
		l.publishTransition(w, before, reason)
	}
	if r.Phase == before.Phase && !judged {
		l.notifyWaiters(w) // another request may want the opposite, or a dependency may be unrecoverable
		return
	}
	if before.Phase.IsRunning() != r.Phase.IsRunning() {
		l.updateLivenessProbe(w)
	}
	if !r.Phase.HasProcess() {
		l.releaseIncarnation(w)
	}
	l.recheckFollowers(w)
	l.notifyWaiters(w)
	if judged {
		l.applyGroupStrategy(w)
	}
	if w.removing && r.Phase.AtRest() {
		l.dropWorker(w)
	}
}

// wasReplaced reports whether the worker has got another main process.
func wasReplaced(before, after *lifecycle.Record) bool { return before.AwaitsMain() && after.PID != 0 }

// isShown reports whether people see a change: of the state, the readiness, the
// incarnation or the main process, or of the reason why a worker is not up yet.
func isShown(before, after *lifecycle.Record) bool {
	return after.State() != before.State() || (after.Phase == lifecycle.PhaseReady) != (before.Phase == lifecycle.PhaseReady) ||
		after.Incarnation != before.Incarnation || wasReplaced(before, after) || after.NotReadyReason != before.NotReadyReason && after.NotReadyReason != "" || after.DependenciesMissing && after.Reason != before.Reason
}

// publishTransition numbers a transition and passes it on.
func (l *loop) publishTransition(w *worker, before *lifecycle.Record, reason string) {
	l.seq++
	r := &w.rec
	t := report.Event{
		Seq: l.seq, At: l.now, GUID: w.guid, Name: w.pool.spec.Name, Index: w.index, Incarnation: r.Incarnation, Began: r.Began,
		From: before.State(), To: r.State(), Ready: r.Phase == lifecycle.PhaseReady, Reason: reason, PID: r.PID,
	}
	if w.port != nil {
		t.Port = w.port.Port
	}
	if last := r.LastExit; !last.At.Equal(before.LastExit.At) {
		t.Exit = &last
	}
	if r.Phase == lifecycle.PhaseReady && l.log.IsInfo() {
		about := []any{"worker", t.Name, "guid", t.GUID, "incarnation", t.Incarnation, "pid", t.PID}
		if t.Port != 0 {
			about = append(about, "port", t.Port)
		}
		l.log.Info("worker ready", append(about, "reason", reason)...)
	}
	if l.opts.OnTransition != nil {
		l.opts.OnTransition(t)
	}
}

// logDeath logs a death in one line.
func (l *loop) logDeath(w *worker) {
	line := l.log.Warn
	switch {
	case w.rec.Phase == lifecycle.PhaseFatal:
		line = l.log.Error
	case w.rec.LastExit.Class == report.ExitClean:
		line = l.log.Info
	}
	line("worker "+w.rec.State().String(), "worker", w.pool.spec.Name, "guid", w.guid, "incarnation", w.rec.Incarnation, "reason", w.rec.Reason)
	if w.rec.Phase == lifecycle.PhaseFatal && w.rec.Spec.Restart.OnFatal == "shutdown" {
		l.failRun(&FatalError{Worker: w.makeView()})
	}
}
