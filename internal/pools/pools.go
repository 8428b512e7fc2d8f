package pools

import (
	"context"
	"slices"

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/dispatch"
	"initiator/internal/plan"
	"initiator/internal/statedir"
)

// Pools combines the plan, the dispatcher, and the pools that are paused. All
// fields are needed. Its methods may be called by any goroutine.
type Pools struct {
	Dispatcher *dispatch.Dispatcher
	Paused     *statedir.PausedPools
	Plan       func() *plan.Plan
	Workers    func() []report.Worker
}

// Names returns the pools that take tasks.
func (p *Pools) Names() []string { return Names(p.Plan()) }

// Names returns the pools of a plan that take tasks.
func Names(p *plan.Plan) (names []string) {
	for _, s := range p.Workers {
		if s.Protocol != "none" {
			names = append(names, s.Name)
		}
	}
	return names
}

// SetPaused pauses or resumes pools. A paused pool accepts tasks and hands out
// none, also after a restart of the initiator; tasks that run go on. The name
// "all" stands for every pool. The error is a *dispatch.UnknownPoolError, and nothing
// is changed, when a pool does not exist.
func (p *Pools) SetPaused(ctx context.Context, paused bool, names ...string) error {
	known := p.Names()
	if slices.Contains(names, "all") {
		names = known
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	exists := map[string]bool{}
	for _, name := range known {
		exists[name] = true
	}
	for _, name := range names {
		if !exists[name] {
			return &dispatch.UnknownPoolError{Name: name}
		}
	}
	if err := p.Paused.Set(names, paused); err != nil {
		return err
	}
	for _, name := range names {
		if err := p.Dispatcher.SetPaused(ctx, name, paused); err != nil {
			return err
		}
	}
	return nil
}

// ListStates returns, for each pool, whether it is paused and how many tasks it
// has.
func (p *Pools) ListStates(ctx context.Context) ([]report.Pool, error) {
	counts, err := p.Dispatcher.CountTasks(ctx)
	if err != nil {
		return nil, err
	}
	list := []report.Pool{}
	for _, name := range p.Names() {
		c := counts[name]
		if c == nil {
			c = task.Counts{}
		}
		list = append(list, report.Pool{Name: name, Paused: p.Paused.Contains(name), Tasks: c})
	}
	return list, nil
}

// ListPaused returns the pools that are paused.
func (p *Pools) ListPaused() []string {
	return slices.DeleteFunc(p.Names(), func(name string) bool { return !p.Paused.Contains(name) })
}
