package task

import (
	"cmp"
	"slices"
	"time"
)

// List implements Queue. It looks at the index alone to choose, and then reads
// the records it has chosen.
func (e *Engine) List(f Filter) []Task {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	var found []*entry
	switch {
	case f.State == Running:
		for en := range e.running {
			if f.Pool == "" || f.Pool == en.pool.name {
				found = append(found, en)
			}
		}
	default:
		for _, p := range e.pools {
			if f.Pool == "" || f.Pool == p.name {
				found = append(found, p.newest(f)...)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *entry) int { return cmp.Compare(b.submitted, a.submitted) })
	list := []Task{}
	for _, en := range found[:min(len(found), f.Limit)] {
		list = append(list, e.show(en))
	}
	return list
}

// newest finds the newest tasks of one pool. Those that wait and those that
// have finished are looked for where they are, because there may be few of
// them among millions of the others.
func (p *poolTasks) newest(f Filter) (found []*entry) {
	want := codeOf(f.State)
	switch {
	case want.terminal():
		for _, r := range p.finished {
			if r.ends() && r.en.state == want {
				found = append(found, r.en)
			}
		}
		return found
	case f.State != "" && p.counts[queued] == 0:
		return nil
	}
	for i := len(p.order) - 1; i >= 0 && len(found) < f.Limit; i-- {
		if en := p.order[i]; en.state != gone && (f.State == "" || en.state == want) {
			found = append(found, en)
		}
	}
	return found
}

// Due implements Queue.
func (e *Engine) Due() time.Time {
	due := e.retryAt()
	if len(e.alarms.list) > 0 {
		if at := moment(e.alarms.list[0].at); due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due
}
