package queue

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// ListTasks implements Queue. It chooses tasks by the index, and reads only the
// records of the chosen tasks.
func (e *Engine) ListTasks(f task.Filter) []task.Task {
	list := []task.Task{}
	for _, en := range e.findEntries(f) {
		list = append(list, e.copyTask(en))
	}
	return list
}

// ListIDs implements Queue.
func (e *Engine) ListIDs(f task.Filter) []uuid.UUID {
	found := e.findEntries(f)
	list := make([]uuid.UUID, len(found))
	for i, en := range found {
		list[i] = en.id
	}
	return list
}

// findEntries returns the entries that a filter selects, newest first.
func (e *Engine) findEntries(f task.Filter) []*entry {
	if f.Limit <= 0 {
		f.Limit = bounds.ListDefault
	}
	var found []*entry
	switch f.State {
	case task.Running:
		for en := range e.running {
			if f.Pool == "" || f.Pool == en.pool.name {
				found = append(found, en)
			}
		}
	default:
		for _, p := range e.pools {
			if f.Pool == "" || f.Pool == p.name {
				found = append(found, p.newestEntries(f)...)
			}
		}
		found = append(found, e.relations.pendingCallbackEntries(f)...)
	}
	slices.SortStableFunc(found, func(a, b *entry) int { return cmp.Compare(b.submitted, a.submitted) })
	return found[:min(len(found), f.Limit)]
}

// newestEntries returns the newest tasks of one pool that a filter selects. It
// searches terminal tasks among the finished tasks, because millions of queued
// tasks may have few terminal tasks between them. It does not search for queued
// tasks when there are none, for the same reason.
func (p *poolTasks) newestEntries(f task.Filter) (found []*entry) {
	want := stateCodeOf(f.State)
	switch {
	case want.terminal():
		for _, r := range p.listOf(want).refs {
			if r.isFinished() && r.en.state == want {
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

// NextExpiry implements Queue.
func (e *Engine) NextExpiry() time.Time {
	due := e.storageRetryTime()
	if len(e.alarms.list) > 0 {
		if at := timeOf(e.alarms.list[0].at); due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due
}

// CountQueued implements Queue.
func (e *Engine) CountQueued(pool string) int {
	if p := e.pools[pool]; p != nil {
		return p.counts[queued]
	}
	return 0
}

// CountTasks implements Queue.
func (e *Engine) CountTasks() map[string]task.Counts {
	all := make(map[string]task.Counts, len(e.pools))
	for name, p := range e.pools {
		c := task.Counts{}
		for s, n := range p.counts {
			if n > 0 {
				c[states[s]] = n
			}
		}
		all[name] = c
	}
	return all
}
