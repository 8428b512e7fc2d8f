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

// keeps reports whether a worker outlives the initiator. Elsewhere than on
// Linux none does: nobody could come back to it.
func (w *worker) keeps() bool { return runtime.GOOS == "linux" && w.rec.Spec.OnInitiatorExit == "keep" }

// deposit leaves a memo of a worker when what was left is out of date. One
// whose process is being asked for has it in the order itself: then there is
// never a process without a memo, nor a memo of one that was not asked for.
func (l *loop) deposit(w *worker) {
	if !l.depositing || !w.keeps() && l.freezing == nil || w.rec.Phase == lifecycle.PhaseSpawning || w.forgotten && w.rec.Phase.AtRest() {
		return
	}
	now := w.summary()
	if now == w.noted {
		return
	}
	w.noted = now
	l.leave(w, l.memo(w))
}

func (l *loop) leave(w *worker, blob []byte) {
	if l.keeper != nil {
		l.sent(l.keeper.SaveSnapshot(w.guid, blob, w.seen, w.keeps(), w.rec.Spec.OrphanGrace), "memo", w)
	}
	l.note(w, blob)
}

// note enters it into the ledger.
func (l *loop) note(w *worker, blob []byte) {
	if l.opts.Snapshots != nil && w.keeps() {
		l.opts.Snapshots.SaveSnapshot(w.guid, w.rec.Incarnation, w.rec.PID, w.born, blob)
	}
}

// withdraw takes the memo of a worker back that is no more.
func (l *loop) withdraw(w *worker) {
	if w.noted == (summary{}) {
		return
	}
	if l.keeper != nil {
		l.sent(l.keeper.SaveSnapshot(w.guid, nil, 0, false, 0), "memo", w)
	}
	if l.opts.Snapshots != nil {
		l.opts.Snapshots.DeleteSnapshot(w.guid)
	}
}

// depositAll begins to leave memos. It comes before the first start, so that
// whoever comes after us finds a pool whole.
func (l *loop) depositAll() {
	l.depositing = true
	for _, w := range l.order {
		l.deposit(w)
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
		l.deposit(w)
	})
}
