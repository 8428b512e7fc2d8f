package supervise

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/limits"
	"initiator/internal/port"
)

// maxLaunches is how often in a row the launch of a new keeper is tried.
const maxLaunches = 5

// firstKeeper takes the keeper of the Options, or launches one.
func (l *loop) firstKeeper() error {
	l.keeper = l.opts.Keeper
	if l.keeper == nil {
		if l.opts.NewKeeper == nil {
			return errors.New("run supervisor: Options has neither Keeper nor NewKeeper")
		}
		k, err := l.opts.NewKeeper()
		if err != nil {
			return fmt.Errorf("run supervisor: %w", err)
		}
		l.keeper, l.ownKeeper = k, k
	}
	l.events = l.keeper.Events()
	return nil
}

// handleKeeperLost handles the death of the keeper. Each running worker has
// died with it, unless it is kept, and the restart policy decides what follows.
// No process is spawned before escaped descendants were found and ended.
func (l *loop) handleKeeperLost(how string) {
	if l.keeper == nil {
		return
	}
	l.log.Error("keeper lost: its workers have died with it, except workers with on_initiator_exit = keep", "how", how)
	l.forgetKeeperWatch()
	old := l.ownKeeper
	l.keeper, l.ownKeeper, l.events = nil, nil, nil
	l.failPendingClears()
	l.failCommands()
	l.abortUpgrade(errKeeperLost)
	for _, w := range slices.Collect(maps.Values(l.hooks)) {
		l.forgetHook(w)
		l.killExecProbe(w)
	}
	l.forgetKeeperOfLeft()
	lost := Leftovers{Mark: l.opts.Mark, OnlyWorkers: true, Left: l.left.report()}
	var leaders []int
	var kept []keeper.KeptWorker
	spare := l.cgroupsOfLeft()
	for _, w := range l.order {
		if w.outlivesKeeper() {
			w.awaitsAdoption = true
			spare = append(spare, w.cgroup)
			kept = append(kept, keeper.KeptWorker{GUID: w.guid, Incarnation: w.rec.Incarnation, PID: w.rec.PID, StartTime: w.startTime, Snapshot: l.encodeSnapshot(w)})
			continue
		}
		lost.Workers = append(lost.Workers, LeftWorker{w.guid, w.rec.PID, w.startTime, w.escaped})
		if w.rec.PID != 0 {
			leaders = append(leaders, w.rec.PID)
		}
		if w.rec.Phase.HasProcess() {
			l.applyEvent(w, lifecycle.Event{Kind: lifecycle.KeeperLost})
		}
	}
	l.setUnattributed(nil)
	l.replacing = true
	tree := l.limiter.Cgroups()
	l.helpers.Go(func() { l.replaceKeeper(lost, leaders, kept, spare, old, tree) })
}

// replaceKeeper runs beside the loop and ends with a message to it.
func (l *loop) replaceKeeper(lost Leftovers, leaders []int, kept []keeper.KeptWorker, spare []string, old *keeper.Keeper, tree *limits.CgroupTree) {
	if old != nil {
		_ = old.Close() // it is dead; this closes what the initiator holds of it
	}
	tree.KillExcept(spare)
	leftovers := killLeftovers(lost, leaders)
	k, err := l.launchKeeper()
	orders := ProveWorkers(kept, l.log)
	l.box.Put(func(l *loop) { l.useNewKeeper(k, leftovers, err); l.adoptProven(orders) })
}

func (l *loop) launchKeeper() (k *keeper.Keeper, err error) {
	if l.opts.NewKeeper == nil {
		return nil, errors.New("Options.NewKeeper is not set")
	}
	for i := range maxLaunches {
		if k, err = l.opts.NewKeeper(); err == nil {
			return k, nil
		}
		time.Sleep(time.Duration(i) * 100 * time.Millisecond)
	}
	return nil, err
}

// useNewKeeper goes on with the new keeper: first the ports, then the delayed
// spawns.
func (l *loop) useNewKeeper(k *keeper.Keeper, leftovers []string, err error) {
	if len(leftovers) > 0 {
		l.log.Warn("keeper lost: ended processes that its workers had left", "processes", leftovers)
	}
	waiting := l.delayedSpawns
	l.delayedSpawns, l.replacing = nil, false
	if err != nil {
		l.failRun(fmt.Errorf("the keeper was lost and cannot be replaced: %w", err))
		for _, p := range waiting {
			l.queueEvent(p.w, lifecycle.Event{Kind: lifecycle.SpawnFailed, Incarnation: p.e.Incarnation, Reason: "no keeper runs"})
		}
		return
	}
	l.keeper, l.ownKeeper, l.events = k, k, k.Events()
	for _, w := range l.order {
		w.socketLost = w.port != nil && w.port.Mode != port.Bind
	}
	for _, w := range l.order {
		w.outputWatched, w.lineAwaited, w.acknowledged = false, false, nil
		if w.awaitsAdoption {
			continue
		}
		l.rebindPort(w)
		w.saved = summary{} // the snapshots were lost with the old keeper
		l.saveSnapshot(w)
	}
	for _, p := range waiting {
		if p.w.rec.Phase == lifecycle.PhaseSpawning && p.w.rec.Incarnation == p.e.Incarnation {
			l.spawnWorker(p.w)
		}
	}
}
