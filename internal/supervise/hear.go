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

// handleKeeperEvent takes one event of the keeper. ok is false when its channel has closed,
// which follows KindLost.
func (l *loop) handleKeeperEvent(e keeper.Event, ok bool) {
	if !ok || e.Kind == keeper.KindLost {
		l.handleKeeperLost(e.Error)
		return
	}
	if e.Kind == keeper.KindSynced {
		l.finishQuiesce()
		return
	}
	if e.Kind == keeper.KindCleared { // also of a worker that was forgotten meanwhile
		l.handleCleared(e)
		return
	}
	if w := l.hooks[e.GUID]; w != nil && e.Kind != keeper.KindWarning {
		l.handleHookEvent(w, e)
		return
	}
	w := l.workers[e.GUID]
	switch {
	case e.Kind == keeper.KindWarning:
		l.log.Warn("keeper: "+e.Error, "guid", e.GUID)
	case w == nil: // of a worker that was forgotten: nothing depends on it
	case e.Kind == keeper.KindOutput:
		w.lastSeq = max(w.lastSeq, e.Seq)
		l.handleOutput(w, e)
	default:
		w.lastSeq = max(w.lastSeq, e.Seq)
		l.handleWorkerEvent(w, e)
	}
}

// handleWorkerEvent turns what the keeper says about a worker into the table's event.
func (l *loop) handleWorkerEvent(w *worker, e keeper.Event) {
	ev := lifecycle.Event{GUID: e.GUID, Incarnation: e.Incarnation}
	switch e.Kind {
	case keeper.KindSpawned:
		ev.Kind, ev.PID = lifecycle.ProcessSpawned, e.PID
		if e.Incarnation == w.rec.Incarnation {
			w.startTime = e.StartTime
		}
	case keeper.KindAdopted:
		l.handleAdopted(w, e)
		return
	case keeper.KindSpawnFailed:
		ev.Kind, ev.Reason = lifecycle.SpawnFailed, strings.TrimPrefix(e.Error, "spawn "+e.GUID+": ")
	case keeper.KindExited:
		ev.Kind, ev.Left = lifecycle.ProcessExited, e.Survivors
		ev.Exit = classifyExit(w.rec.Spec, e)
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
	l.applyEvent(w, ev)
	if ev.Kind == lifecycle.ProcessExited && w.rec.Phase == lifecycle.PhaseEnding && w.pendingEnd.Kind == lifecycle.EndProcess {
		l.sendEnd(w, w.pendingEnd) // stop_command has worked before its own end
	}
}

// classifyExit sorts an exit. Only the spec knows which codes are clean.
func classifyExit(spec *plan.Spec, e keeper.Event) lifecycle.Exit {
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

// portTakenWithin is how soon after its start an end may be blamed on the port.
const portTakenWithin = 5 * time.Second

// portWasTaken finds out whether a worker that binds for itself has ended at
// once because a stranger has its port. A fixed port has no next one.
func (l *loop) portWasTaken(w *worker, e *lifecycle.Event) bool {
	if e.Incarnation != w.rec.Incarnation || w.port == nil || w.port.Mode != "bind" || w.rec.Spec.Port != 0 ||
		e.Exit.Class == lifecycle.ExitClean || e.Left > 0 || w.rec.ReachedRunning || l.now.Sub(w.rec.Started) > portTakenWithin {
		return false
	}
	return probe.PortInUse(localAddress(w.port))
}
