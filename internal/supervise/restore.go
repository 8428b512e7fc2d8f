package supervise

import (
	"cmp"
	"slices"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/port"
)

// The supervisor takes over the workers of an earlier initiator in three steps:
// restoreWorkers creates them (before Run), replayEvents applies what has
// happened since, and resumeWorkers goes on from there.

// restoredWorker is a snapshot and what is left of its process.
type restoredWorker struct {
	keeper.KeptWorker
	snapshot snapshot
	// ordered says that the keeper has the order for the process, or has
	// reported it. Otherwise a process that the record waits for was never
	// ordered.
	ordered bool
}

// restoreWorkers creates the workers that the keeper held. A process without a
// readable snapshot is unknown, and is ended.
func (l *loop) restoreWorkers(list []keeper.KeptWorker) {
	var found []*restoredWorker
	for _, h := range list {
		m, err := decodeSnapshot(h.Snapshot)
		if err != nil {
			l.log.Warn("a kept process without a readable snapshot, so that its worker is not known, is being ended", "guid", h.GUID, "pid", h.PID, "reason", err)
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

// restoreWorker creates one worker in its earlier state.
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
	w.unenforced = r.snapshot.Unenforced
	w.token, w.session, w.startTime, w.cgroup = r.snapshot.Token, r.snapshot.Session, r.StartTime, r.snapshot.Logs.Cgroup
	w.escaped, w.firstStart = r.snapshot.Escaped, r.snapshot.FirstStart
	if at := r.snapshot.Port; at != nil && !w.rec.Phase.AtRest() {
		reserved, err := l.restorePort(w, at)
		if err != nil {
			l.log.Warn("restore the port of a worker: "+err.Error(), "worker", w.pool.spec.Name, "guid", w.guid)
			return
		}
		w.port, w.socketLost = reserved, at.Mode != port.Bind && !r.HasSocket
	}
}

// restorePort reserves the port of a snapshot, alone or together with the workers of
// the pool that share it.
func (l *loop) restorePort(w *worker, at *snapshotPort) (*port.Reservation, error) {
	if at.Mode == port.Inherit {
		same := func(r *port.Reservation) bool { return *at == snapshotPort{r.Port, r.Addr, r.Mode} }
		if other := w.findSharer(same); other != nil {
			return other.port.Share(), nil
		}
	}
	return l.opts.Ports.Restore(at.Mode, at.Addr, at.Number)
}

// setRestoredRecord sets a record without the table. Only restoreWorker may do
// this, before Run.
func (l *loop) setRestoredRecord(w *worker, r lifecycle.Record) {
	before := w.rec
	w.rec = r
	l.countPhases(w, &before)
	l.updateTimer(w, &before)
}

// removedSpec returns a definition with which to end a worker that has left the
// file.
func (m *snapshot) removedSpec() *plan.Spec {
	return &plan.Spec{
		Name: m.Name, StopSignal: m.Stop.Signal, StopAsGroup: m.Stop.AsGroup, LeaveDescendants: m.Stop.Leave, StopWait: m.Stop.Wait, Drain: m.Stop.Drain, Protocol: "webhook",
		OnInitiatorExit: "keep", Limits: plan.Limits{Umask: -1},
	}
}

// restoredRecord returns the record with its times on this initiator's clock.
func (m *snapshot) restoredRecord(spec *plan.Spec, now time.Time, boot time.Duration) lifecycle.Record {
	r := m.Record
	r.Spec = spec
	offset := boot - m.Boot
	return r.Restored(now, func(t time.Time) time.Time { return now.Add(-offset - m.At.Sub(t)) })
}

// missingWorkers returns how many workers a restored pool lacks: it had Of
// workers, unless the file now asks for another number. any is false for a pool
// without restored workers.
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

// logRestored logs how many workers were restored.
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
