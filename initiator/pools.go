package initiator

import (
	"context"

	"initiator/initiator/report"
	"initiator/internal/pools"
)

// Pools returns the names of the pools that take tasks.
func (in *Initiator) Pools() []string { return pools.Names(in.Plan()) }

// Pause pauses pools, or resumes them: a paused pool accepts tasks and hands out
// none, also after a restart of the initiator; tasks that run go on. The name
// "all" stands for every pool. The error is a *dispatch.UnknownPoolError, and nothing
// is changed, when a pool does not exist.
func (in *Initiator) Pause(ctx context.Context, paused bool, names ...string) error {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return err
	}
	return s.pools.SetPaused(ctx, paused, names...)
}

// PoolStates returns, for each pool, whether it is paused and how many tasks it
// has.
func (in *Initiator) PoolStates(ctx context.Context) ([]report.Pool, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.pools.ListStates(ctx)
}
