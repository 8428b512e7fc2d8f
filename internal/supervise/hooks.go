package supervise

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// before_start, stop_command and probe = exec are short-lived processes of the
// keeper: their name is the worker's GUID with a suffix, and they run in the
// worker's directory, environment and limits. The table does not know them:
// before_start is a part of the spawn, stop_command a part of the end, and
// probes.go handles the probe.

// mainPIDVariable is the environment variable that holds the pid of the worker's
// main process, as in systemd.
const mainPIDVariable = "MAINPID"

// startHook runs a hook and kills it after patience, which is above 0.
func (l *loop) startHook(w *worker, kind string, argv []string, patience time.Duration) {
	if l.keeper == nil {
		l.finishHook(w, kind, errors.New("the keeper is gone"))
		return
	}
	order, err := l.hookOrder(w, w.rec.Spec, kind, argv)
	if err != nil {
		l.finishHook(w, kind, err)
		return
	}
	w.hook = order.GUID
	l.hooks[order.GUID] = w
	if err := l.keeper.Spawn(order); err != nil {
		l.forgetHook(w)
		l.finishHook(w, kind, err)
		return
	}
	// Without a signal, the keeper only waits and then kills.
	l.logUnsent(l.keeper.End(keeper.EndOrder{GUID: order.GUID, Incarnation: order.Incarnation, Wait: patience}), "end", w)
}

// hookOrder returns the spawn order of a hook of a definition, which for a check
// can be the next one of the worker.
func (l *loop) hookOrder(w *worker, spec *plan.Spec, kind string, argv []string) (keeper.SpawnOrder, error) {
	order, err := l.spawnOrder(w, spec)
	order.GUID = w.guid + "." + kind + l.hookMark // an earlier initiator may still have a hook of this kind
	order.Argv = spec.FillWords(argv, w.placeholders())
	order.Stdin, order.PassSocket, order.ListenFDs, order.NoFDs, order.Keep, order.FollowMain, order.Tag = nil, false, false, true, false, false, 0
	if w.rec.PID != 0 { // before_start has no main process
		order.Env = setVariable(order.Env, mainPIDVariable, strconv.Itoa(w.rec.PID))
	}
	l.limiter.AssignCgroup(&order, spec)
	return order, err
}

// handleHookEvent handles the keeper's reports about a hook. It does not wait
// until the hook's descendants are gone: they are ended with the hook or with
// the worker.
func (l *loop) handleHookEvent(w *worker, e keeper.Event) {
	kind, _, _ := strings.Cut(e.GUID[len(w.guid)+1:], l.hookMark)
	if e.Incarnation != w.rec.Incarnation {
		return
	}
	if kind == "probe" {
		l.handleExecProbe(w, e)
		return
	}
	var problem error
	switch e.Kind {
	case keeper.KindSpawnFailed:
		problem = errors.New(e.Error)
		if lifecycle.IsLastingErrno(e.Errno) {
			problem = lastingError{problem}
		}
	case keeper.KindExited:
		if exit := classifyExit(w.rec.Spec, e); e.Code != 0 || e.Signal != 0 {
			problem = errors.New(exit.String())
		}
	default:
		return
	}
	l.forgetHook(w)
	l.finishHook(w, kind, problem)
}

// finishHook goes on after a hook; problem is nil after a success.
func (l *loop) finishHook(w *worker, kind string, problem error) {
	switch {
	case kind == "stop":
		if problem != nil {
			l.log.Warn("stop_command: "+problem.Error(), "worker", w.pool.spec.Name, "guid", w.guid)
		}
		if w.pendingEnd.Kind == lifecycle.EndProcess {
			l.sendEnd(w, w.pendingEnd)
		}
	case w.rec.Phase != lifecycle.PhaseSpawning: // its end was ordered in the meantime
	case problem != nil:
		l.failSpawn(w, fmt.Errorf("before_start: %w", problem))
	case l.keeper == nil:
		l.delayedSpawns = append(l.delayedSpawns, pendingEvent{w, lifecycle.Event{Incarnation: w.rec.Incarnation}})
	default:
		l.sendSpawn(w)
	}
}

func (l *loop) forgetHook(w *worker) {
	delete(l.hooks, w.hook)
	w.hook = ""
}

// killHook kills a hook that is no longer needed.
func (l *loop) killHook(w *worker) {
	if w.hook == "" {
		return
	}
	if l.keeper != nil {
		l.logUnsent(l.keeper.End(keeper.EndOrder{GUID: w.hook, Incarnation: w.rec.Incarnation, Signal: signalNumber("KILL")}), "end", w)
	}
	l.forgetHook(w)
}
