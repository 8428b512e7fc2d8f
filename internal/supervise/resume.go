package supervise

import (
	"strings"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/probe"
)

// replayEvents handles what has happened since the snapshots were saved, at the
// times at which it happened, so that the restart policy decides as if this
// initiator had been there.
func (l *loop) replayEvents() {
	if len(l.opts.Held) == 0 {
		return
	}
	for e := range l.events {
		if e.Kind == keeper.KindSynced || e.Kind == keeper.KindLost {
			l.now = time.Now()
			if e.Kind == keeper.KindLost {
				l.handleKeeperLost(e.Error)
			}
			return
		}
		l.replayEvent(e)
	}
}

func (l *loop) replayEvent(e keeper.Event) {
	l.now = time.Now().Add(-e.Age)
	if w := l.workers[e.GUID]; w != nil && w.restored != nil {
		w.restored.ordered = true
		if at := w.rec.ForgetDeathsAt(); w.rec.Phase == lifecycle.PhaseReady && !at.IsZero() && at.Before(l.now) {
			now := l.now
			l.now = at
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.DeadlinePassed})
			l.now = now
		}
	}
	l.handleKeeperEvent(e, true)
	// The events that follow wait for resumeWorkers: no process is started
	// before everything is known.
}

// resumeWorkers goes on with every worker from the state of its record.
func (l *loop) resumeWorkers() {
	if len(l.opts.Held) == 0 {
		return
	}
	l.applyQueued()
	for _, h := range l.unknownWorkers {
		if l.keeper == nil {
			break // the process was lost with the keeper
		}
		_ = l.keeper.End(keeper.EndOrder{GUID: h.GUID, Incarnation: h.Incarnation, Signal: signalNumber("KILL")})
	}
	l.logRestored()
	for _, w := range l.order {
		if w.restored != nil {
			l.resumeWorker(w)
		}
	}
	l.applyQueued()
	l.applyPlanToRestored()
	for _, w := range l.order {
		w.restored = nil
	}
}

// resumeWorker repeats what belongs to the state of a record and ended with the
// earlier initiator.
func (l *loop) resumeWorker(w *worker) {
	r := &w.rec
	if l.keeper != nil && !w.isKept() { // the snapshot was saved for an upgrade, which this is
		l.logUnsent(l.keeper.SaveSnapshot(w.guid, nil, 0, false, 0), "delete snapshot", w)
	}
	switch {
	case r.Phase.AtRest():
		if l.keeper != nil && w.restored.HasSocket {
			l.logUnsent(l.keeper.ReleaseSocket(w.guid), "release", w)
		}
	case r.Phase == lifecycle.PhaseWaiting:
		l.checkDependencies(w)
	case r.Phase == lifecycle.PhaseSpawning && !w.restored.ordered:
		l.spawnWorker(w)
	case r.Phase == lifecycle.PhaseEnding, r.Phase == lifecycle.PhaseClearing:
		l.endWorker(w, lifecycle.Action{Kind: lifecycle.EndProcess, Wait: r.Spec.StopWait})
	}
	if !r.Phase.HasProcess() {
		return
	}
	l.reopenChannels(w)
	if r.Attached {
		l.attachWorker(w)
	}
	if r.AwaitsMain() && l.keeper != nil {
		l.followMain(w)
	}
	switch r.Phase {
	case lifecycle.PhaseStarting:
		if !r.Ready {
			l.startReadinessProbe(w)
		}
	case lifecycle.PhaseDraining:
		l.drainWorker(w)
	case lifecycle.PhaseReady, lifecycle.PhaseUnready:
		l.updateLivenessProbe(w)
	}
	l.timers.Set(&w.timer, r.NextDeadline())
}

// reopenChannels reopens a worker's notify socket and asks for its output lines
// again.
func (l *loop) reopenChannels(w *worker) {
	spec := w.rec.Spec
	if dir := w.restored.snapshot.Notify; dir != "" && w.socket == nil {
		socket, err := probe.ReopenNotifySocket(dir, w.notifyOwner(), l.reportNotify)
		if err != nil {
			l.log.Warn("restore the notify socket of a worker: "+err.Error(), "worker", w.pool.spec.Name, "guid", w.guid)
			w.rec.LastBeat = time.Time{} // the worker's WATCHDOG=1 cannot arrive, so it is not expected
		}
		w.socket = socket
		if socket != nil && w.rec.PID != 0 {
			socket.ReadMessages(w.rec.PID)
		}
	}
	begins := w.rec.Phase == lifecycle.PhaseStarting && !w.rec.Ready || w.rec.Phase == lifecycle.PhaseSpawning
	l.watchOutput(w, l.wantsOutput(spec, begins), begins)
}

func (w *worker) notifyOwner() probe.NotifyOwner {
	return probe.NotifyOwner{GUID: w.guid, Incarnation: w.rec.Incarnation, OtherUser: w.rec.Spec.Limits.User != ""}
}

// reportNotify passes on a message of a notify socket. It may be called from any
// goroutine.
func (l *loop) reportNotify(e lifecycle.Event) { l.box.Put(func(l *loop) { l.applyNotify(e) }) }

// applyNotify applies a message of a notify socket. The reason why a READY=1 does
// not count says more than a hint of the prober, which would replace the reason.
func (l *loop) applyNotify(e lifecycle.Event) {
	w := l.workers[e.GUID]
	if w != nil && e.Kind == lifecycle.NotReadyYet && e.Incarnation == w.rec.Incarnation && w.rec.Phase == lifecycle.PhaseStarting {
		l.prober.Forget(w.guid)
	}
	l.applyReport(e)
}

// applyPlanToRestored applies the plan to the restored workers, as a reload
// would: a changed worker is restarted, a removed worker is stopped.
func (l *loop) applyPlanToRestored() {
	for _, w := range append([]*worker(nil), l.order...) {
		if w.restored == nil || w.removing {
			continue
		}
		if w.pool.removed {
			l.removeWorker(w, "no longer in the file")
			continue
		}
		keys := plan.DiffFingerprints(w.restored.snapshot.Made, l.specFingerprint(w.rec.Spec))
		if len(keys) > 0 && w.rec.Phase.HasProcess() && w.rec.Incarnation == w.restored.snapshot.Record.Incarnation {
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.RestartRequested, Reason: "its definition has changed: " + strings.Join(keys, ", ")})
		}
	}
	for _, p := range l.pools {
		if missing, any := p.missingWorkers(); any && !p.removed && missing != 0 {
			l.scalePool(p, len(p.workers)+missing, p.spec.Autostart)
		}
	}
}
