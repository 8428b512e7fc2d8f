package supervise

import (
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/probe"
)

// hear takes one event of the keeper. ok is false when its channel has closed,
// which follows KindLost.
func (l *loop) hear(e keeper.Event, ok bool) {
	if !ok || e.Kind == keeper.KindLost {
		l.keeperLost(e.Error)
		return
	}
	if e.Kind == keeper.KindSynced {
		l.synced()
		return
	}
	if e.Kind == keeper.KindCleared { // also of a worker that was forgotten meanwhile
		l.wipedBy(e)
		return
	}
	if w := l.hooks[e.GUID]; w != nil && e.Kind != keeper.KindWarning {
		l.hookSaid(w, e)
		return
	}
	w := l.workers[e.GUID]
	switch {
	case e.Kind == keeper.KindWarning:
		l.log.Warn("keeper: "+e.Error, "guid", e.GUID)
	case w == nil: // of a worker that was forgotten: nothing depends on it
	case e.Kind == keeper.KindOutput:
		w.seen = max(w.seen, e.Seq)
		l.output(w, e)
	default:
		w.seen = max(w.seen, e.Seq)
		l.told(w, e)
	}
}

// told turns what the keeper says about a worker into the table's event.
func (l *loop) told(w *worker, e keeper.Event) {
	ev := lifecycle.Event{GUID: e.GUID, Incarnation: e.Incarnation}
	switch e.Kind {
	case keeper.KindSpawned:
		ev.Kind, ev.PID = lifecycle.ProcessSpawned, e.PID
		if e.Incarnation == w.rec.Incarnation {
			w.born = e.StartTime
		}
	case keeper.KindAdopted:
		l.adopted(w, e)
		return
	case keeper.KindSpawnFailed:
		ev.Kind, ev.Reason = lifecycle.SpawnFailed, strings.TrimPrefix(e.Error, "spawn "+e.GUID+": ")
	case keeper.KindExited:
		ev.Kind, ev.Left = lifecycle.ProcessExited, e.Survivors
		ev.Exit = classify(w.rec.Spec, e)
		ev.Unattributed = e.Unattributed
		ev.EmptyProven = e.Survivors == 0 && len(e.Unattributed) == 0 && runtime.GOOS == "linux" // elsewhere an escape cannot be seen
		if l.portWasTaken(w, &ev) {
			ev.Exit.Class = lifecycle.ExitPortTaken
		}
	case keeper.KindEmptied:
		ev.Kind, ev.EmptyProven, ev.Unattributed = lifecycle.ProcessesGone, e.EmptyProven, e.Unattributed
	default:
		return
	}
	l.apply(w, ev)
	if ev.Kind == lifecycle.ProcessExited && w.rec.Phase == lifecycle.PhaseEnding && w.pending.Kind == lifecycle.EndProcess {
		l.endNow(w, w.pending) // stop_command has worked before its own end
	}
}

// classify sorts an exit. Only the spec knows which codes are clean.
func classify(spec *plan.Spec, e keeper.Event) lifecycle.Exit {
	exit := lifecycle.Exit{Code: e.Code, Core: e.Core}
	switch {
	case e.Unknown:
		exit.Class, exit.Error = lifecycle.ExitUnknown, "it ended while no keeper of its own was there"
	case e.OOM:
		exit.Class = lifecycle.ExitOutOfMemory
	case e.Signal != 0:
		exit.Class = lifecycle.ExitSignal
	case slices.Contains(spec.Restart.ExitCodes, e.Code):
		exit.Class = lifecycle.ExitClean
	default:
		exit.Class = lifecycle.ExitNonzero
	}
	if e.Signal != 0 {
		exit.Signal = strings.TrimPrefix(unix.SignalName(syscall.Signal(e.Signal)), "SIG")
	}
	return exit
}

// takenWithin is how soon after its start an end may be blamed on the port.
const takenWithin = 5 * time.Second

// portWasTaken finds out whether a worker that binds for itself has ended at
// once because a stranger has its port. A fixed port has no next one.
func (l *loop) portWasTaken(w *worker, e *lifecycle.Event) bool {
	if e.Incarnation != w.rec.Incarnation || w.port == nil || w.port.Mode != "bind" || w.rec.Spec.Port != 0 ||
		e.Exit.Class == lifecycle.ExitClean || e.Left > 0 || w.rec.ReachedRunning || l.now.Sub(w.rec.Started) > takenWithin {
		return false
	}
	return probe.PortInUse(address(w.port))
}
