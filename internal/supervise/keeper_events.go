package supervise

import (
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/probe"
)

// handleKeeperEvent handles one event of the keeper. ok is false when the
// channel was closed, which follows KindLost.
func (l *loop) handleKeeperEvent(e keeper.Event, ok bool) {
	if !ok || e.Kind == keeper.KindLost {
		l.handleKeeperLost(e.Error)
		return
	}
	if e.Kind == keeper.KindSynced {
		l.handleSynced()
		return
	}
	if e.Kind == keeper.KindCleared { // also for a worker that was removed in the meantime
		l.handleCleared(e)
		return
	}
	if e.Kind == keeper.KindUnattributed {
		l.setUnattributed(e.Unattributed)
		return
	}
	if e.Kind == keeper.KindLeft {
		l.setLeft(e)
		return
	}
	if c := l.commands[e.GUID]; c != nil && e.Kind != keeper.KindWarning {
		l.handleCommandEvent(c, e)
		return
	}
	if w := l.hooks[e.GUID]; w != nil && e.Kind != keeper.KindWarning {
		l.handleHookEvent(w, e)
		return
	}
	w := l.workers[e.GUID]
	switch {
	case e.Kind == keeper.KindWarning:
		l.handleWarning(w, e)
	case w == nil: // the worker was removed: nothing depends on the event
		if written := l.acknowledgement(e); written != nil {
			written()
		}
	case e.Kind == keeper.KindOutput:
		w.lastSeq = max(w.lastSeq, e.Seq)
		l.handleOutput(w, e)
	default:
		w.lastSeq = max(w.lastSeq, e.Seq)
		l.handleWorkerEvent(w, e)
	}
}

// handleWarning logs a warning of the keeper about w, or about a hook; w is nil for a
// hook and for a worker that was removed. A setting that is not in force is
// kept for `why`.
func (l *loop) handleWarning(w *worker, e keeper.Event) {
	if hooked := l.hooks[e.GUID]; hooked != nil {
		w = hooked
	}
	if w == nil {
		l.log.Warn("keeper: "+e.Error+" (of a worker that was removed)", "guid", e.GUID)
		return
	}
	if e.LogPath != "" {
		l.noteLogFault(w, e)
		return
	}
	l.log.Warn("keeper: "+e.Error, "worker", w.pool.spec.Name, "guid", w.guid)
	if e.Setting != "" && e.GUID == w.guid && e.Incarnation == w.rec.Incarnation {
		w.unenforced = append(w.unenforced, e.Error)
	}
}

// noteLogFault logs that a log is not written, or is written again, and keeps the
// fault for `why` and `status`.
func (l *loop) noteLogFault(w *worker, e keeper.Event) {
	l.log.Warn(e.Error, "worker", w.pool.spec.Name, "guid", w.guid)
	if e.LogWorks {
		delete(w.logFaults, e.LogPath)
		l.publishTransition(w, &w.rec, e.Error)
		return
	}
	if w.logFaults == nil {
		w.logFaults = map[string]string{}
	}
	w.logFaults[e.LogPath] = e.Error
	l.publishTransition(w, &w.rec, e.Error)
}

// handleWorkerEvent translates a keeper's report about a worker into an event
// of the table.
func (l *loop) handleWorkerEvent(w *worker, e keeper.Event) {
	ev := lifecycle.Event{GUID: e.GUID, Incarnation: e.Incarnation}
	switch e.Kind {
	case keeper.KindSpawned:
		ev.Kind, ev.PID = lifecycle.ProcessSpawned, e.PID
		if e.Incarnation == w.rec.Incarnation {
			w.startTime, w.firstStart = e.StartTime, e.StartTime
			l.setEscaped(w, nil)
		}
	case keeper.KindEscaped:
		if e.Incarnation == w.rec.Incarnation {
			l.setEscaped(w, e.Escaped)
		}
		return
	case keeper.KindAdopted:
		l.handleAdopted(w, e)
		return
	case keeper.KindSpawnFailed:
		ev.Kind, ev.Reason = lifecycle.SpawnFailed, strings.TrimPrefix(e.Error, "spawn "+e.GUID+": ")
		ev.Lasting = lifecycle.IsLastingErrno(e.Errno)
	case keeper.KindExited:
		ev.Kind, ev.Left = lifecycle.ProcessExited, e.Survivors
		ev.Exit = classifyExit(w.rec.Spec, e)
		l.explainExit(w, &ev.Exit, e.Survivors)
		ev.Unattributed = e.Unattributed
		ev.EmptyProven = e.Survivors == 0 && len(e.Unattributed) == 0 && runtime.GOOS == "linux" // other systems do not show whether a process has escaped
		if l.portWasTaken(w, &ev) {
			ev.Exit.Class = report.ExitPortTaken
		}
	case keeper.KindMainExited:
		ev.Kind, ev.Exit, ev.Reason = lifecycle.MainExited, classifyExit(w.rec.Spec, e), l.pidFile(w)
	case keeper.KindMain:
		if !l.mainEvent(w, e, &ev) {
			return
		}
	case keeper.KindEmptied:
		ev.Kind, ev.EmptyProven, ev.Unattributed, ev.Left = lifecycle.ProcessesGone, e.EmptyProven, e.Unattributed, e.LeftCount
	default:
		return
	}
	l.applyEvent(w, ev)
	if ev.Kind == lifecycle.ProcessExited {
		l.logSurvivors(w, e.SurvivorNames)
	}
	if (ev.Kind == lifecycle.ProcessExited || ev.Kind == lifecycle.MainExited) && w.rec.Phase == lifecycle.PhaseEnding && w.pendingEnd.Kind == lifecycle.EndProcess {
		l.sendEnd(w, w.pendingEnd) // stop_command had its effect before its own end
	}
}

// logSurvivors logs the processes that are ended, or left, because the main
// process of their worker has ended.
func (l *loop) logSurvivors(w *worker, names []string) {
	switch {
	case len(names) == 0:
	case w.rec.Leave:
		l.log.Info("the main process has ended; what it left stays", "worker", w.pool.spec.Name, "guid", w.guid, "leave_descendants", w.rec.Spec.LeaveDescendants, "processes", names)
	default:
		l.log.Info("the main process has ended; ending what it left", "worker", w.pool.spec.Name, "guid", w.guid, "signal", w.rec.Spec.StopSignal, "processes", names)
	}
}

// classifyExit sorts an exit. Only the definition says which codes are clean.
func classifyExit(spec *plan.Spec, e keeper.Event) report.Exit {
	exit := report.Exit{Code: e.Code, Core: e.Core}
	switch {
	case e.Unknown:
		exit.Class, exit.Error = report.ExitUnknown, "it ended while no keeper of its own was there"
	case e.OOM:
		exit.Class = report.ExitOutOfMemory
	case e.Signal != 0:
		exit.Class = report.ExitSignal
	case slices.Contains(spec.Restart.ExitCodes, e.Code):
		exit.Class = report.ExitClean
	default:
		exit.Class = report.ExitNonzero
	}
	if e.Signal != 0 {
		exit.Signal = strings.TrimPrefix(unix.SignalName(syscall.Signal(e.Signal)), "SIG")
	}
	return exit
}

// backgroundAdvice says what became of a program that went to the background.
const backgroundAdvice = "the program went to the background, and what it left there was ended: write pidfile = the file in which it writes its pid, or start it in the foreground (nginx: -g 'daemon off;')"

// backgroundLeft says so of a program with leave_descendants.
const backgroundLeft = "the program went to the background, and what it left there runs on without supervision (leave_descendants)"

// wentToBackground reports whether a program has left its work to descendants
// and ended without an error, as daemons do by default.
func wentToBackground(r *lifecycle.Record, exit report.Exit, survivors int) bool {
	return !r.Spec.Contract && survivors > 0 && exit.Class == report.ExitClean &&
		(r.Phase == lifecycle.PhaseSpawning || r.Phase == lifecycle.PhaseStarting || r.Phase.IsRunning())
}

// portTakenWithin is how soon after its start a process must end for the port
// to be the reason.
const portTakenWithin = 5 * time.Second

// exitPortTaken is the exit code with which a worker says that its port is taken
// (docs/worker-contract.md, "End").
const exitPortTaken = 98

// portWasTaken reports whether a worker has ended at once because another
// program has the port: it binds the port itself, and the port is in use; or it
// says so itself. A fixed port has no alternative.
func (l *loop) portWasTaken(w *worker, e *lifecycle.Event) bool {
	if e.Incarnation != w.rec.Incarnation || w.port == nil || w.rec.Spec.Port != 0 ||
		e.Exit.Class == report.ExitClean || e.Left > 0 || w.rec.ReachedRunning || l.now.Sub(w.rec.Started) > portTakenWithin {
		return false
	}
	said := w.rec.Spec.Contract && e.Exit.Class == report.ExitNonzero && e.Exit.Code == exitPortTaken
	return said || w.port.Mode == "bind" && probe.PortInUse(localAddress(w.port))
}
