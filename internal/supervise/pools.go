package supervise

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// createPools creates the pools and their workers from the first plan.
func (l *loop) createPools(p *plan.Plan) {
	l.plan = p
	l.restoreWorkers(l.opts.Held)
	for i := range p.Workers {
		spec := &p.Workers[i]
		pool := l.poolOf(spec)
		if len(pool.workers) > 0 {
			continue // restored: see applyPlanToRestored
		}
		for range spec.Replicas {
			l.createWorker(pool, uuid.NewString())
		}
	}
	l.connectPools()
}

// poolOf returns the pool of a definition's name, and creates it if necessary.
// The pool gets the definition.
func (l *loop) poolOf(spec *plan.Spec) *pool {
	p := l.pools[spec.Name]
	if p == nil {
		p = &pool{}
		l.pools[spec.Name] = p
	}
	p.spec = spec
	return p
}

// connectPools gives each pool its group and the pools that start after it, and
// the port allocator the listen_ports of the plan.
func (l *loop) connectPools() {
	l.opts.Ports.SetListenPorts(listenPorts(l.plan))
	for _, p := range l.pools {
		p.followers, p.group = nil, nil
	}
	for i := range l.plan.Groups {
		g := &l.plan.Groups[i]
		for _, name := range g.Programs {
			if p := l.pools[name]; p != nil {
				p.group = g
			}
		}
	}
	for _, p := range l.pools {
		for _, d := range p.spec.After {
			if before := l.pools[d.Name]; before != nil && !slices.Contains(before.followers, p) {
				before.followers = append(before.followers, p)
			}
		}
	}
}

// listenPorts returns every port that the plan assigns by number: to the
// initiator, to a worker, or to a program of the user's own sections.
func listenPorts(p *plan.Plan) map[int]bool {
	ports := map[int]bool{p.Settings.ListenPort: true}
	for i := range p.Workers {
		ports[p.Workers[i].Port] = true
	}
	addEntries := func(entries []plan.Entry) {
		for _, e := range entries {
			if n, err := strconv.Atoi(e.Value); err == nil && e.Key == "listen_port" {
				ports[n] = true
			}
		}
	}
	addEntries(p.Defaults)
	for _, entries := range p.Sections {
		addEntries(entries)
	}
	delete(ports, 0) // any free port
	return ports
}

// createWorker creates one worker at rest.
func (l *loop) createWorker(p *pool, guid string) *worker {
	w := &worker{guid: guid, pool: p, nextSpec: p.spec}
	w.timer.Value = w
	for _, other := range p.workers {
		w.index = max(w.index, other.index+1)
	}
	w.rec = lifecycle.Record{Spec: p.spec, Phase: lifecycle.PhaseStopped, Reason: "not started yet", Since: l.now}
	p.byPhase[lifecycle.PhaseStopped]++
	p.workers = append(p.workers, w)
	l.workers[guid] = w
	l.order = append(l.order, w)
	return w
}

// removeWorker takes a worker out of its pool: it is stopped, and dropped when
// it is at rest.
func (l *loop) removeWorker(w *worker, why string) {
	w.removing = true
	if w.rec.Phase.AtRest() {
		l.dropWorker(w)
		return
	}
	l.applyEvent(w, lifecycle.Event{Kind: l.stopKind(), Reason: why})
}

func (l *loop) dropWorker(w *worker) {
	if l.workers[w.guid] != w {
		return
	}
	l.notifyWaiters(w)
	l.deleteSnapshot(w)
	l.prober.Forget(w.guid)
	if w.outputWatched {
		l.watchOutput(w, false, false)
	}
	delete(l.workers, w.guid)
	p := w.pool
	l.order, p.workers = withoutWorker(l.order, w), withoutWorker(p.workers, w)
	p.byPhase[w.rec.Phase]--
	if w.rec.Phase == lifecycle.PhaseExited && w.rec.LastExit.Class == report.ExitClean {
		p.cleanExits--
	}
	l.recheckFollowers(w) // workers that waited for it must not wait any longer
	l.dropPool(p)
}

// withoutWorker returns the list without one worker. It is a new list, because
// a caller may be in the middle of the old one, for example after the loss of
// the keeper.
func withoutWorker(list []*worker, gone *worker) []*worker {
	return slices.DeleteFunc(slices.Clone(list), func(o *worker) bool { return o == gone })
}

// dropPool removes a pool that has left the plan, together with its last
// worker.
func (l *loop) dropPool(p *pool) {
	if len(p.workers) == 0 && p.removed && l.pools[p.spec.Name] == p {
		delete(l.pools, p.spec.Name)
	}
}

// checkGUID checks a GUID that a caller has chosen: it becomes the name of a
// section, an argument and a part of file names.
func (l *loop) checkGUID(guid string) error {
	if len(guid) > 64 || strings.Trim(guid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return fmt.Errorf("launch %q: a guid has at most 64 letters, digits, - and _", guid)
	}
	if l.workers[guid] != nil {
		return fmt.Errorf("launch %s: a worker of that guid exists; choose another, or none", guid)
	}
	return nil
}
