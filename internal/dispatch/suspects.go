package dispatch

import (
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// A worker that ends by itself while it runs several tasks makes each of them a
// suspect (task.Suspicion). The suspects of a pool run in one worker at a time,
// the trial worker, and in smaller groups each time, until the reason runs
// alone. The other workers go on with ordinary tasks.

// trialView is what the choice of a trial worker depends on.
type trialView struct {
	usable   bool // the worker is connected, gets tasks, and may run the first suspect
	running  int  // tasks in the worker
	suspects int  // how many of running are suspects
}

// chooseTrial returns the index of the worker that runs the suspects of the
// pool: the worker that runs suspects already, or else the worker with the
// fewest tasks, because it must be empty first. current is the index of the
// present trial worker, which wins among equals; -1 = none. It returns -1 when
// no worker is usable.
func chooseTrial(list []trialView, current int) int {
	best := -1
	for i, v := range list {
		switch {
		case v.suspects > 0:
			return i
		case !v.usable:
		case best < 0, v.running < list[best].running, v.running == list[best].running && i == current:
			best = i
		}
	}
	return best
}

// suspectFits reports whether a suspect of a group may start in a trial worker.
// The worker must run nothing but suspects. smallest is the smallest group of
// these; it counts only while suspects run.
func suspectFits(group, smallest int, in trialView, slots int) bool {
	if !in.usable || in.running != in.suspects || in.running >= slots {
		return false
	}
	return in.running == 0 || in.running < min(group, smallest)
}

// assignSuspects gives ready suspects of a pool to its trial worker. It costs
// nothing per task while the pool has no suspect.
func (d *Dispatcher) assignSuspects(p *pool, now time.Time) {
	for !p.Paused {
		first, ready := d.opts.Queue.NextSuspect(now, p.Name)
		if p.trial == nil && !ready {
			return
		}
		d.setTrial(p, d.trialWorker(p, first, ready))
		to := p.trial
		if to == nil || !ready || !suspectFits(first.Suspicion.Group, to.smallestGroup(), to.trialView(first), to.slots) {
			return
		}
		t, ok := d.opts.Queue.LeaseSuspect(now, p.Name, to.guid, to.incarnation)
		if !ok {
			return
		}
		d.startLeased(to, t, now)
	}
}

// trialWorker returns the worker that runs the suspects of a pool from now on;
// nil = no suspect runs, and none is ready or no worker is usable.
func (d *Dispatcher) trialWorker(p *pool, first task.Task, ready bool) *workerConn {
	var members []*workerConn
	var views []trialView
	current := -1
	for _, w := range p.members {
		if w == p.trial {
			current = len(members)
		}
		v := w.trialView(first)
		v.usable = v.usable && ready
		members, views = append(members, w), append(views, v)
	}
	if i := chooseTrial(views, current); i >= 0 {
		return members[i]
	}
	return nil
}

// trialView returns what the choice of a trial worker for a suspect needs of a
// worker.
func (p *workerConn) trialView(first task.Task) trialView {
	return trialView{
		usable:  p.takesTasks() && !p.mustNotGet(first.ID),
		running: len(p.running), suspects: p.suspects,
	}
}

// smallestGroup returns the smallest group of the suspects in a worker; 0 = it
// runs none. The groups of a worker are few, because each is half as large as
// an earlier one.
func (p *workerConn) smallestGroup() (smallest int) {
	for group := range p.groups {
		if smallest == 0 || group < smallest {
			smallest = group
		}
	}
	return smallest
}

// setTrial makes a worker the trial worker of its pool. It gets no ordinary
// tasks until it is no longer the trial worker. nil = no worker is.
func (d *Dispatcher) setTrial(p *pool, to *workerConn) {
	old := p.trial
	if old == to {
		return
	}
	p.trial = to
	for _, w := range []*workerConn{old, to} {
		if w != nil {
			d.updateBalancer(w)
		}
	}
}

// trackSuspect notes that an attempt at a suspect begins in a worker, and sets
// the time at which the suspect is cleared.
func (d *Dispatcher) trackSuspect(p *workerConn, r *attempt, s task.Suspicion) {
	if !s.IsSuspect() {
		return
	}
	r.suspect, r.group = true, s.Group
	p.suspects++
	if p.groups == nil {
		p.groups = map[int]int{}
	}
	p.groups[s.Group]++
	if after, ok := queue.ClearsAfter(s); ok {
		r.clearAt, r.clearTimer.Value = r.began.Add(after), timerTarget{conn: p, attempt: r, clears: true}
		d.timers.Set(&r.clearTimer, r.clearAt)
	}
}

// untrackSuspect notes that an attempt has ended, or that its task is no longer
// a suspect.
func (d *Dispatcher) untrackSuspect(p *workerConn, r *attempt) {
	if r.suspect {
		r.suspect = false
		p.suspects--
		if p.groups[r.group]--; p.groups[r.group] == 0 {
			delete(p.groups, r.group)
		}
		d.timers.Remove(&r.clearTimer)
		d.changed[p.pool] = true
	}
}

// clearSuspect makes a suspect an ordinary task, because its attempt has run for
// longer than it takes to end a worker.
func (d *Dispatcher) clearSuspect(p *workerConn, r *attempt, now time.Time) {
	d.untrackSuspect(p, r)
	if d.opts.Queue.ClearSuspect(r.lease) {
		d.log.Info("a task is no longer suspected of ending its worker", "task", r.lease.Task, "pool", p.pool.Name, "ran", now.Sub(r.began).Round(time.Millisecond))
	}
}
