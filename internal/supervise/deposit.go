package supervise

import (
	"runtime"

	"initiator/internal/lifecycle"
)

// SnapshotStore keeps memos where they survive the keeper as well, for workers marked
// keep. It is called from the loop and must not block.
type SnapshotStore interface {
	// SaveSnapshot replaces what is known of a worker; pid and start (field 22 of
	// /proc/PID/stat) name its process, 0 = it has none.
	SaveSnapshot(guid string, incarnation, pid int, start uint64, memo []byte)
	// DeleteSnapshot forgets it.
	DeleteSnapshot(guid string)
}

// isKept reports whether a worker outlives the initiator. Elsewhere than on
// Linux none does: nobody could come back to it.
func (w *worker) isKept() bool {
	return runtime.GOOS == "linux" && w.rec.Spec.OnInitiatorExit == "keep"
}

// saveSnapshot leaves a memo of a worker when what was left is out of date. One
// whose process is being asked for has it in the order itself: then there is
// never a process without a memo, nor a memo of one that was not asked for.
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
		l.logUnsent(l.keeper.SaveSnapshot(w.guid, blob, w.lastSeq, w.isKept(), w.rec.Spec.OrphanGrace), "memo", w)
	}
	l.storeSnapshot(w, blob)
}

// storeSnapshot enters it into the ledger.
func (l *loop) storeSnapshot(w *worker, blob []byte) {
	if l.opts.Snapshots != nil && w.isKept() {
		l.opts.Snapshots.SaveSnapshot(w.guid, w.rec.Incarnation, w.rec.PID, w.startTime, blob)
	}
}

// deleteSnapshot takes the memo of a worker back that is no more.
func (l *loop) deleteSnapshot(w *worker) {
	if w.saved == (summary{}) {
		return
	}
	if l.keeper != nil {
		l.logUnsent(l.keeper.SaveSnapshot(w.guid, nil, 0, false, 0), "memo", w)
	}
	if l.opts.Snapshots != nil {
		l.opts.Snapshots.DeleteSnapshot(w.guid)
	}
}

// saveAllSnapshots begins to leave memos. It comes before the first start, so that
// whoever comes after us finds a pool whole.
func (l *loop) saveAllSnapshots() {
	l.savesSnapshots = true
	for _, w := range l.order {
		l.saveSnapshot(w)
	}
}

// RecordSession tells what a worker has answered to the dispatcher's connect.
func (s *Supervisor) RecordSession(guid string, incarnation, slots int, blunt bool) {
	s.box.Put(func(l *loop) {
		w := l.workers[guid]
		if w == nil || w.rec.Incarnation != incarnation {
			return
		}
		w.session.Slots, w.session.Legacy, w.session.Known = slots, blunt, true
		l.saveSnapshot(w)
	})
}
