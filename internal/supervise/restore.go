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

// restored is a memo and what is left of its process.
type restored struct {
	keeper.KeptWorker
	memo memo
	// ordered: the keeper has been told of it, or it has spoken of it. A
	// process that was asked for and is neither was never asked for.
	ordered bool
}

// restore makes the workers that were held. Those without a memo that can be
// read are ended: nobody knows what they are.
func (l *loop) restore(list []keeper.KeptWorker) {
	var found []*restored
	for _, h := range list {
		m, err := readMemo(h.Snapshot)
		if err != nil {
			l.log.Warn("a process that was kept is ended", "guid", h.GUID, "pid", h.PID, "reason", err)
			l.strangers = append(l.strangers, h)
			continue
		}
		found = append(found, &restored{KeptWorker: h, memo: m, ordered: h.PID != 0 && h.Incarnation == m.Record.Incarnation})
	}
	slices.SortFunc(found, func(a, b *restored) int {
		return cmp.Or(cmp.Compare(a.memo.Name, b.memo.Name), cmp.Compare(a.memo.Index, b.memo.Index))
	})
	for _, r := range found {
		l.revive(r)
	}
}

// revive makes one worker as it was.
func (l *loop) revive(r *restored) {
	var p *pool
	if spec, ok := l.plan.FindSpec(r.memo.Name); ok {
		p = l.poolOf(spec)
	} else if p = l.pools[r.memo.Name]; p == nil {
		p = l.poolOf(r.memo.orphanSpec())
		p.gone = true
	}
	w := l.create(p, r.GUID)
	l.recountAs(w, r.memo.record(p.spec, time.Now(), sinceBoot()))
	w.index, w.restored = r.memo.Index, r
	w.token, w.session, w.born, w.cgroup = r.memo.Token, r.memo.Session, r.StartTime, r.memo.Logs.Cgroup
	if at := r.memo.Port; at != nil && !w.rec.Phase.AtRest() {
		port, err := l.opts.Ports.Restore(at.Mode, at.Addr, at.Number)
		if err != nil {
			l.log.Warn("restore: "+err.Error(), "guid", w.guid)
			return
		}
		w.port, w.unheld = port, at.Mode != "bind" && !r.HasSocket
	}
}

// recountAs sets a record from outside the table: only here, before Run.
func (l *loop) recountAs(w *worker, r lifecycle.Record) {
	before := w.rec
	w.rec = r
	l.recount(w, &before)
	l.timers.Set(&w.timer, w.rec.NextDeadline())
}

// orphanSpec is how to end a worker that the file knows no more.
func (m *memo) orphanSpec() *plan.Spec {
	return &plan.Spec{
		Name: m.Name, StopSignal: m.Stop.Signal, StopWait: m.Stop.Wait, Drain: m.Stop.Drain, Protocol: "webhook",
		OnInitiatorExit: "keep", Limits: plan.Limits{Umask: -1},
	}
}

// record is the record as it was, with its times on our clock.
func (m *memo) record(spec *plan.Spec, now time.Time, boot time.Duration) lifecycle.Record {
	r := m.Record
	r.Spec = spec
	offset := boot - m.Boot
	return r.Restored(now, func(t time.Time) time.Time { return now.Add(-offset - m.At.Sub(t)) })
}

// short says how many workers a pool lacks that was restored: as many as it
// had, unless the file asks for another number now.
func (p *pool) short() (n int, any bool) {
	var newest time.Time
	for _, w := range p.workers {
		if w.restored == nil {
			continue
		}
		any = true
		if m := &w.restored.memo; !m.At.Before(newest) {
			newest = m.At
			if n = m.Of; m.Replicas != p.spec.Replicas {
				n = p.spec.Replicas
			}
		}
	}
	return n - len(p.workers), any
}

// takenOver is the line about what was found.
func (l *loop) takenOver() {
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
