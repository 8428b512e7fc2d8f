package supervise

import (
	"cmp"
	"slices"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// What an earlier process of this program has left is taken up in three steps:
// restore makes its workers (before Run), replay judges what happened since,
// and resume goes on from there.

// restoredWorker is a memo and what is left of its process.
type restoredWorker struct {
	keeper.KeptWorker
	snapshot snapshot
	// ordered: the keeper has been told of it, or it has spoken of it. A
	// process that was asked for and is neither was never asked for.
	ordered bool
}

// restoreWorkers makes the workers that were held. Those without a memo that can be
// read are ended: nobody knows what they are.
func (l *loop) restoreWorkers(list []keeper.KeptWorker) {
	var found []*restoredWorker
	for _, h := range list {
		m, err := decodeSnapshot(h.Snapshot)
		if err != nil {
			l.log.Warn("a process that was kept is ended", "guid", h.GUID, "pid", h.PID, "reason", err)
			l.unknownWorkers = append(l.unknownWorkers, h)
			continue
		}
		found = append(found, &restoredWorker{KeptWorker: h, snapshot: m, ordered: h.PID != 0 && h.Incarnation == m.Record.Incarnation})
	}
	slices.SortFunc(found, func(a, b *restoredWorker) int {
		return cmp.Or(cmp.Compare(a.snapshot.Name, b.snapshot.Name), cmp.Compare(a.snapshot.Index, b.snapshot.Index))
	})
	for _, r := range found {
		l.restoreWorker(r)
	}
}

// restoreWorker makes one worker as it was.
func (l *loop) restoreWorker(r *restoredWorker) {
	var p *pool
	if spec, ok := l.plan.FindSpec(r.snapshot.Name); ok {
		p = l.poolOf(spec)
	} else if p = l.pools[r.snapshot.Name]; p == nil {
		p = l.poolOf(r.snapshot.removedSpec())
		p.removed = true
	}
	w := l.createWorker(p, r.GUID)
	l.setRestoredRecord(w, r.snapshot.restoredRecord(p.spec, time.Now(), sinceBoot()))
	w.index, w.restored = r.snapshot.Index, r
	w.token, w.session, w.startTime, w.cgroup = r.snapshot.Token, r.snapshot.Session, r.StartTime, r.snapshot.Logs.Cgroup
	if at := r.snapshot.Port; at != nil && !w.rec.Phase.AtRest() {
		port, err := l.opts.Ports.Restore(at.Mode, at.Addr, at.Number)
		if err != nil {
			l.log.Warn("restore: "+err.Error(), "guid", w.guid)
			return
		}
		w.port, w.socketLost = port, at.Mode != "bind" && !r.HasSocket
	}
}

// setRestoredRecord sets a record from outside the table: only here, before Run.
func (l *loop) setRestoredRecord(w *worker, r lifecycle.Record) {
	before := w.rec
	w.rec = r
	l.countPhases(w, &before)
	l.timers.Set(&w.timer, w.rec.NextDeadline())
}

// removedSpec is how to end a worker that the file knows no more.
func (m *snapshot) removedSpec() *plan.Spec {
	return &plan.Spec{
		Name: m.Name, StopSignal: m.Stop.Signal, StopWait: m.Stop.Wait, Drain: m.Stop.Drain, Protocol: "webhook",
		OnInitiatorExit: "keep", Limits: plan.Limits{Umask: -1},
	}
}

// restoredRecord is the record as it was, with its times on our clock.
func (m *snapshot) restoredRecord(spec *plan.Spec, now time.Time, boot time.Duration) lifecycle.Record {
	r := m.Record
	r.Spec = spec
	offset := boot - m.Boot
	return r.Restored(now, func(t time.Time) time.Time { return now.Add(-offset - m.At.Sub(t)) })
}

// missingWorkers says how many workers a pool lacks that was restored: as many as it
// had, unless the file asks for another number now.
func (p *pool) missingWorkers() (n int, any bool) {
	var newest time.Time
	for _, w := range p.workers {
		if w.restored == nil {
			continue
		}
		any = true
		if m := &w.restored.snapshot; !m.At.Before(newest) {
			newest = m.At
			if n = m.Of; m.Replicas != p.spec.Replicas {
				n = p.spec.Replicas
			}
		}
	}
	return n - len(p.workers), any
}

// logRestored is the line about what was found.
func (l *loop) logRestored() {
	alive, others := 0, 0
	for _, w := range l.order {
		switch {
		case w.restored == nil:
		case w.rec.PID != 0:
			alive++
		default:
			others++
		}
	}
	if alive+others > 0 {
		l.log.Info("restored the workers of an earlier initiator", "running", alive, "not running", others)
	}
}
