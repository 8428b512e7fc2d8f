package supervise

import (
	"runtime"

	"initiator/internal/lifecycle"
)

// SnapshotStore keeps snapshots of workers with on_initiator_exit = keep where
// they survive the keeper as well. The loop calls it, so it must not block.
type SnapshotStore interface {
	// SaveSnapshot replaces the snapshot of a worker. pid and start (field 22
	// of /proc/PID/stat) identify its process; 0 = it has none.
	SaveSnapshot(guid string, incarnation, pid int, start uint64, snapshot []byte)
	// DeleteSnapshot removes the snapshot of a worker.
	DeleteSnapshot(guid string)
}

// isKept reports whether a worker outlives the initiator. Only on Linux can a
// later initiator come back to a process.
func (w *worker) isKept() bool {
	return runtime.GOOS == "linux" && w.rec.Spec.OnInitiatorExit == "keep"
}

// saveSnapshot saves a worker's snapshot when the saved one is out of date.
// While a process is being spawned, the spawn order itself carries the
// snapshot: so there is never a process without a snapshot, nor a snapshot of a
// process that was not ordered.
func (l *loop) saveSnapshot(w *worker) {
	if !l.savesSnapshots || !w.isKept() && l.quiescing == nil || w.rec.Phase == lifecycle.PhaseSpawning || w.removing && w.rec.Phase.AtRest() {
		return
	}
	now := w.summarize()
	if now == w.saved {
		return
	}
	w.saved = now
	l.sendSnapshot(w, l.encodeSnapshot(w))
}

func (l *loop) sendSnapshot(w *worker, blob []byte) {
	if l.keeper != nil {
		l.logUnsent(l.keeper.SaveSnapshot(w.guid, blob, w.lastSeq, w.isKept(), w.rec.Spec.OrphanGrace), "save snapshot", w)
	}
	l.storeSnapshot(w, blob)
}

// storeSnapshot saves a snapshot in the SnapshotStore.
func (l *loop) storeSnapshot(w *worker, blob []byte) {
	if l.opts.Snapshots != nil && w.isKept() {
		l.opts.Snapshots.SaveSnapshot(w.guid, w.rec.Incarnation, w.rec.PID, w.startTime, blob)
	}
}

// deleteSnapshot deletes the snapshot of a worker that was removed.
func (l *loop) deleteSnapshot(w *worker) {
	if w.saved == (summary{}) {
		return
	}
	if l.keeper != nil {
		l.logUnsent(l.keeper.SaveSnapshot(w.guid, nil, 0, false, 0), "delete snapshot", w)
	}
	if l.opts.Snapshots != nil {
		l.opts.Snapshots.DeleteSnapshot(w.guid)
	}
}

// saveAllSnapshots begins to save snapshots. It runs before the first start, so
// that the next initiator finds every pool complete.
func (l *loop) saveAllSnapshots() {
	l.savesSnapshots = true
	for _, w := range l.order {
		l.saveSnapshot(w)
	}
}

// RecordSession stores what a worker has answered to the dispatcher's connect:
// its slots, and whether it is a legacy ding slave.
func (s *Supervisor) RecordSession(guid string, incarnation, slots int, legacy bool) {
	s.box.Put(func(l *loop) {
		w := l.workers[guid]
		if w == nil || w.rec.Incarnation != incarnation {
			return
		}
		w.session.Slots, w.session.Legacy, w.session.Known = slots, legacy, true
		l.saveSnapshot(w)
	})
}
