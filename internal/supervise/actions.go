package supervise

import (
	"fmt"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/procfs"
)

// performAction performs one action of the table. The result comes back as an
// event and never as a return value, so that the table receives events in
// order.
func (l *loop) performAction(w *worker, a lifecycle.Action) {
	switch a.Kind {
	case lifecycle.CheckDependencies:
		l.checkDependencies(w)
	case lifecycle.SpawnProcess:
		l.spawnWorker(w)
	case lifecycle.EndProcess:
		l.endWorker(w, a)
	case lifecycle.StartProbing:
		l.startReadinessProbe(w)
	case lifecycle.StopProbing:
		l.prober.Forget(w.guid)
		if on := l.wantsOutput(w.rec.Spec, false); w.outputWatched && !on || w.lineAwaited {
			l.watchOutput(w, on, false)
		}
	case lifecycle.AttachDispatcher:
		l.attachWorker(w)
	case lifecycle.DrainTasks:
		l.drainWorker(w)
	case lifecycle.DetachDispatcher:
		if l.opts.Dispatcher != nil {
			l.opts.Dispatcher.Detach(w.guid, w.rec.Incarnation, a.Cause, a.Reason)
		}
	case lifecycle.ReplacePort:
		if w.port != nil {
			l.foreignPorts[w.port.Port] = true
			l.releasePort(w)
		}
	case lifecycle.MeasureMemory:
		if rss := procfs.ResidentMemory(w.rec.PID); rss > 0 {
			l.queueEvent(w, lifecycle.Event{Kind: lifecycle.Measured, Incarnation: w.rec.Incarnation, RSS: rss})
		}
	case lifecycle.LogRecycle:
		l.log.Info("worker is being replaced", "worker", w.pool.spec.Name, "guid", w.guid, "incarnation", w.rec.Incarnation, "reason", a.Reason)
	case lifecycle.ReleasePort:
		l.releasePort(w)
	case lifecycle.FollowMain:
		l.followMain(w)
	case lifecycle.GiveUpMain:
		l.giveUpMain(w)
	}
}

func (l *loop) attachWorker(w *worker) {
	if l.opts.Dispatcher == nil {
		return
	}
	i := Instance{GUID: w.guid, Incarnation: w.rec.Incarnation, Spec: w.rec.Spec, PID: w.rec.PID, Token: w.token, Session: w.session, Resumed: w.restored != nil}
	if w.port != nil {
		i.Addr = localAddress(w.port)
	}
	i.Stream = w.takeStream()
	l.opts.Dispatcher.Attach(i)
}

func (l *loop) drainWorker(w *worker) {
	if l.opts.Dispatcher == nil {
		l.queueEvent(w, lifecycle.Event{Kind: lifecycle.Drained, Incarnation: w.rec.Incarnation})
		return
	}
	l.opts.Dispatcher.Drain(w.guid, w.rec.Incarnation)
}

// endWorker orders the end of a worker. A stop_command runs first, unless KILL
// is ordered.
func (l *loop) endWorker(w *worker, a lifecycle.Action) {
	if a.Kill || len(w.rec.Spec.StopCommand) == 0 || w.rec.PID == 0 || w.pendingEnd.Kind == lifecycle.EndProcess {
		l.sendEnd(w, a)
		return
	}
	w.pendingEnd = a
	l.startHook(w, "stop", w.rec.Spec.StopCommand, a.Wait)
}

// sendEnd sends the order to the keeper. Without a keeper there is no process
// to end: the processes that a lost keeper has left are ended before the next
// keeper starts.
func (l *loop) sendEnd(w *worker, a lifecycle.Action) {
	w.pendingEnd = lifecycle.Action{}
	l.killHook(w)
	if l.keeper == nil && w.awaitsAdoption {
		return // the process lives: see adoptProven
	}
	if l.keeper == nil {
		l.queueEvent(w, lifecycle.Event{Kind: lifecycle.ProcessesGone, Incarnation: w.rec.Incarnation})
		return
	}
	order := keeper.EndOrder{GUID: w.guid, Incarnation: w.rec.Incarnation, Wait: a.Wait, Signal: signalNumber(w.rec.Spec.StopSignal)}
	if a.Kill {
		order.Signal, order.Wait = signalNumber("KILL"), 0
	}
	if order.Leave = w.rec.Leave; order.Leave || !a.Kill {
		order.MainFirst = l.stopTarget(w) == report.SignalMain
	}
	if order.Leave && !l.keeper.CanLeave() {
		l.log.Warn("the running keeper is of an older version and ends what the worker leaves, in spite of leave_descendants; it will be replaced when its last worker has ended", "worker", w.pool.spec.Name, "guid", w.guid)
	}
	// A failed send means that the keeper is gone, which is reported as an
	// event of its own.
	l.logUnsent(l.keeper.End(order), "end", w)
}

func (l *loop) logUnsent(err error, what string, w *worker) {
	if err != nil {
		l.log.Debug(fmt.Sprintf("%s %s: %v", what, w.guid, err))
	}
}

// releasePort releases the port number and lets the keeper close the held
// socket.
func (l *loop) releasePort(w *worker) {
	if w.port == nil {
		return
	}
	if l.keeper != nil && w.port.Mode != "bind" {
		l.logUnsent(l.keeper.ReleaseSocket(w.guid), "release", w)
	}
	w.port.Release()
	w.port, w.socketLost = nil, false
}

// releaseIncarnation releases what belonged to one incarnation.
func (l *loop) releaseIncarnation(w *worker) {
	if w.socket != nil {
		w.socket.Close()
		w.socket = nil
	}
	w.dropStream()
	w.token, w.pendingEnd, w.session, w.startTime = "", lifecycle.Action{}, lifecycle.Session{}, 0
	l.killHook(w)
}

// watchOutput turns a worker's output lines on or off. The keeper sends awaited
// lines again to the next initiator: the line that means "ready" is written
// only once, and this initiator may die before it handles the line.
func (l *loop) watchOutput(w *worker, on, starting bool) {
	w.outputWatched, w.lineAwaited = on, on && awaitsReadyLine(w.rec.Spec, starting)
	w.acknowledged = nil
	if on {
		w.acknowledged = acknowledgedStreams(w.rec.Spec)
	}
	switch {
	case l.keeper == nil:
	case w.lineAwaited:
		l.logUnsent(l.keeper.AwaitOutput(w.guid, w.acknowledged...), "watch", w)
	default:
		l.logUnsent(l.keeper.WatchOutput(w.guid, on, w.acknowledged...), "watch", w)
	}
}
