package supervise

import (
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
)

// outlivesKeeper reports whether a worker's process goes on after its keeper
// has died. This holds for a worker with on_initiator_exit = keep where the
// kernel gives the process a name that is never used again.
func (w *worker) outlivesKeeper() bool {
	return w.isKept() && w.rec.PID != 0 && w.startTime != 0 && w.rec.Phase.HasProcess()
}

// adoptProven gives the new keeper the workers that have proven themselves. For
// every other worker, the keeper will report an unknown exit.
func (l *loop) adoptProven(orders []keeper.AdoptOrder) {
	for _, a := range orders {
		w := l.workers[a.GUID]
		if w == nil || !w.awaitsAdoption {
			continue
		}
		w.awaitsAdoption = false
		if l.keeper == nil {
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.KeeperLost})
			continue
		}
		w.saved = w.summarize()
		l.logUnsent(l.keeper.Adopt(a, l.encodeSnapshot(w), w.rec.Spec.OrphanGrace), "adopt", w)
		if starting := w.rec.Phase == lifecycle.PhaseStarting; l.wantsOutput(w.rec.Spec, starting) {
			l.watchOutput(w, true, starting)
		}
		if w.rec.Phase.IsRunning() { // the command of a probe ended with the keeper that had started it
			l.updateLivenessProbe(w)
		}
		if p := w.rec.Phase; p == lifecycle.PhaseEnding || p == lifecycle.PhaseClearing {
			l.sendEnd(w, lifecycle.Action{Kind: lifecycle.EndProcess, Wait: w.rec.Spec.StopWait})
		}
	}
}

// handleAdopted handles the report that a keeper has adopted a process.
func (l *loop) handleAdopted(w *worker, e keeper.Event) {
	w.socketLost = w.port != nil && w.port.Mode != "bind" && !e.HasSocket
	line := l.log.Info
	if e.Error != "" {
		line = l.log.Warn
	}
	line("its keeper was killed; it was adopted", "worker", w.pool.spec.Name, "guid", w.guid, "pid", e.PID, "lost", e.Error+"what it wrote in between")
}
