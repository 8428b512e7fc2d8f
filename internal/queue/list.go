package queue

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// Selection is a page of a list: which tasks a filter selects, newest submit first.
type Selection struct {
	IDs   []uuid.UUID
	Next  string // the cursor of the next page; "" = no task follows
	Total int    // tasks in all pages
}

// SelectTasks implements Queue. It chooses tasks by the index, and reads no record.
func (e *Engine) SelectTasks(f task.Filter) (Selection, error) {
	after, err := parseCursor(f.After)
	if err != nil {
		return Selection{}, err
	}
	if f.Limit <= 0 {
		f.Limit = bounds.ListDefault
	}
	f.Limit = min(f.Limit, len(e.byID))
	page := newestEntries{limit: f.Limit + 1, after: after}
	e.collectEntries(f, &page)
	found := page.sortNewestFirst()
	s := Selection{Total: e.countSelected(f)}
	if len(found) > f.Limit {
		found = found[:f.Limit]
		s.Next = cursorOf(found[len(found)-1]).String()
	}
	for _, en := range found {
		s.IDs = append(s.IDs, en.id)
	}
	return s, nil
}

// RunningTasks implements Queue.
func (e *Engine) RunningTasks() []task.Task {
	list := make([]task.Task, 0, len(e.running))
	for en := range e.running {
		list = append(list, e.copyTask(en))
	}
	return list
}

// collectEntries offers the page every entry that may be on it.
func (e *Engine) collectEntries(f task.Filter, page *newestEntries) {
	switch {
	case f.State == task.Running:
		for en := range e.running {
			if f.Pool == "" || f.Pool == en.pool.name {
				page.offer(en)
			}
		}
		return
	case stateCodeOf(f.State).terminal():
		for _, en := range e.relations.pendingCallbackEntries(f) {
			page.offer(en)
		}
	}
	for _, p := range e.pools {
		if f.Pool == "" || f.Pool == p.name {
			p.collectEntries(f, page)
		}
	}
}

// collectEntries offers the page the entries of one pool. It searches terminal
// tasks among the finished tasks, because millions of queued tasks may have few
// terminal tasks between them. It does not search for queued tasks when there are
// none, for the same reason.
func (p *poolTasks) collectEntries(f task.Filter, page *newestEntries) {
	want := stateCodeOf(f.State)
	switch {
	case want.terminal():
		for _, r := range p.listOf(want).refs {
			if r.isFinished() && r.en.state == want {
				page.offer(r.en)
			}
		}
		return
	case f.State != "" && p.counts[queued] == 0:
		return
	}
	p.sortOrder()
	end := len(p.order)
	if !page.after.isZero() {
		end, _ = slices.BinarySearchFunc(p.order, page.after, func(en *entry, c cursor) int { return compareCursors(cursorOf(en), c) })
	}
	for i, taken := end-1, 0; i >= 0 && taken < page.limit; i-- {
		if en := p.order[i]; en.state != gone && (f.State == "" || en.state == want) {
			page.offer(en)
			taken++
		}
	}
}

// sortOrder sorts the tasks of the pool by age, when imports or a clock that went
// back have added tasks that are older than others.
func (p *poolTasks) sortOrder() {
	if p.unsorted {
		slices.SortFunc(p.order, compareAge)
		p.unsorted = false
	}
}

// addToOrder adds a new task behind the others.
func (p *poolTasks) addToOrder(en *entry) {
	if last := len(p.order) - 1; last >= 0 && compareAge(p.order[last], en) > 0 {
		p.unsorted = true
	}
	p.order = append(p.order, en)
}

// countSelected returns the number of tasks that a filter selects on all pages.
func (e *Engine) countSelected(f task.Filter) (n int) {
	for _, p := range e.pools {
		if f.Pool != "" && f.Pool != p.name {
			continue
		}
		for s, count := range p.counts {
			if f.State == "" || stateCodeOf(f.State) == stateCode(s) {
				n += count
			}
		}
	}
	return n
}

// newestEntries keeps the newest of the entries that it is offered, at most limit,
// and only older entries than after.
type newestEntries struct {
	limit int
	after cursor // zero = any entry
	found []*entry
}

// offer considers an entry. It sorts now and then, so that the work and the memory
// for each offer do not grow with the number of offers.
func (n *newestEntries) offer(en *entry) {
	if !n.after.isZero() && compareCursors(cursorOf(en), n.after) >= 0 {
		return
	}
	if n.found = append(n.found, en); len(n.found) >= 2*n.limit+1000 {
		n.found = n.sortNewestFirst()
	}
}

// sortNewestFirst returns the entries that are kept.
func (n *newestEntries) sortNewestFirst() []*entry {
	slices.SortFunc(n.found, func(a, b *entry) int { return compareAge(b, a) })
	return n.found[:min(len(n.found), n.limit)]
}

// compareAge orders entries by the time of their submit, and entries of the same
// time by their ids.
func compareAge(a, b *entry) int { return compareCursors(cursorOf(a), cursorOf(b)) }

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
