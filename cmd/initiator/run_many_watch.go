package main

import (
	"context"
	"slices"
	"sync"

	"initiator/initiator/task"
	"initiator/internal/api"
)

// poolName returns the pool of "POOL" or "POOL.METHOD". Where the initiator does
// not know the pool, it returns the whole name: the first task is refused then.
func (m *manyRunner) poolName(ctx context.Context) string {
	target := m.template.Pool
	pools, err := m.client.Pools(ctx)
	if err != nil {
		return target
	}
	pool, _, ok := task.SplitMethod(target, func(name string) bool {
		return slices.ContainsFunc(pools, func(p api.Pool) bool { return p.Name == name })
	})
	if !ok {
		return target
	}
	return pool
}

// watchRetries sends the tasks of the pool that are tried again to the loop, in a
// goroutine. It returns when no later retry will be missed. A broken watch is not
// reported: the calls then break as well.
func (m *manyRunner) watchRetries(ctx context.Context, pool string, watchers *sync.WaitGroup) {
	begun := make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	watchers.Go(func() {
		defer begin()
		_ = m.client.WatchRetries(ctx, pool, begin, func(n task.Event) error {
			select {
			case m.retries <- n:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
	<-begun
}
