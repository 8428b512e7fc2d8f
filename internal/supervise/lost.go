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
)

// relaunches is how often in a row a new keeper is tried.
const relaunches = 5

// firstKeeper takes the keeper that was given, or launches one.
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
		l.keeper, l.own = k, k
	}
	l.events = l.keeper.Events()
	return nil
}

// keeperLost takes the death of the keeper: each living worker has died with
// it, and the law judges that. Nothing is spawned before what escaped was
// found and ended.
func (l *loop) keeperLost(how string) {
	if l.keeper == nil {
		return
	}
	l.log.Error("keeper lost: its workers died with it, but for those with on_initiator_exit = keep", "how", how)
	old := l.own
	l.keeper, l.own, l.events = nil, nil, nil
	l.unwiped()
	l.thaw(errKeeperLost)
	for _, w := range slices.Collect(maps.Values(l.hooks)) {
		l.forgetHook(w)
		l.endProbe(w)
	}
	var guids []string
	var leaders []int
	var kept []keeper.KeptWorker
	var spare []string
	for _, w := range l.order {
		if w.survives() {
			w.orphaned = true
			spare = append(spare, w.cgroup)
			kept = append(kept, keeper.KeptWorker{GUID: w.guid, Incarnation: w.rec.Incarnation, PID: w.rec.PID, StartTime: w.born, Snapshot: l.memo(w)})
			continue
		}
		guids = append(guids, w.guid)
		if w.rec.PID != 0 {
			leaders = append(leaders, w.rec.PID)
		}
		if w.rec.Phase.HasProcess() {
			l.apply(w, lifecycle.Event{Kind: lifecycle.KeeperLost})
		}
	}
	l.replacing = true
	tree := l.limiter.Cgroups()
	l.helpers.Go(func() { l.replace(guids, leaders, kept, spare, old, tree) })
}

// replace runs beside the loop and ends with a message to it.
func (l *loop) replace(guids []string, leaders []int, kept []keeper.KeptWorker, spare []string, old *keeper.Keeper, tree *limits.CgroupTree) {
	if old != nil {
		_ = old.Close() // it is dead; this frees what we held of it
	}
	tree.KillExcept(spare)
	strays := sweep(guids, leaders)
	k, err := l.relaunch()
	orders := l.prove(kept)
	l.box.Put(func(l *loop) { l.keeperBack(k, strays, err); l.adoptAll(orders) })
}

func (l *loop) relaunch() (k *keeper.Keeper, err error) {
	if l.opts.NewKeeper == nil {
		return nil, errors.New("Options.NewKeeper is not set")
	}
	for i := range relaunches {
		if k, err = l.opts.NewKeeper(); err == nil {
			return k, nil
		}
		time.Sleep(time.Duration(i) * 100 * time.Millisecond)
	}
	return nil, err
}

// keeperBack goes on with the new keeper: ports first, then what waited.
func (l *loop) keeperBack(k *keeper.Keeper, strays []string, err error) {
	if len(strays) > 0 {
		l.log.Warn("keeper lost: ended what it had left", "processes", strays)
	}
	waiting := l.orphans
	l.orphans, l.replacing = nil, false
	if err != nil {
		l.fail(fmt.Errorf("the keeper was lost and cannot be replaced: %w", err))
		for _, p := range waiting {
			l.then(p.w, lifecycle.Event{Kind: lifecycle.SpawnFailed, Incarnation: p.e.Incarnation, Reason: "there is no keeper"})
		}
		return
	}
	l.keeper, l.own, l.events = k, k, k.Events()
	for _, w := range l.order {
		w.watched, w.awaited = false, false
		if w.orphaned {
			w.unheld = true
			continue
		}
		l.rebind(w)
		w.noted = summary{} // what was noted lay with the last one
		l.deposit(w)
	}
	for _, p := range waiting {
		if p.w.rec.Phase == lifecycle.PhaseSpawning && p.w.rec.Incarnation == p.e.Incarnation {
			l.spawn(p.w)
		}
	}
}

// rebind makes the sockets that died with the keeper again, on the same ports;
// a worker whose port a stranger took meanwhile gets another at its spawn.
func (l *loop) rebind(w *worker) {
	if w.port == nil || w.port.Mode == "bind" {
		return
	}
	err := w.port.Rebind()
	if err == nil {
		err = l.handOver(w)
	}
	if err != nil {
		l.log.Warn("rebind: "+err.Error(), "guid", w.guid)
		l.dropPort(w)
	}
}
