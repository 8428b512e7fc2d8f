package main

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"sync"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/initiator/task"
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
		return slices.ContainsFunc(pools, func(p report.Pool) bool { return p.Name == name })
	})
	if !ok {
		return target
	}
	return pool
}

// watchRetries sends the tasks of the pool that are tried again to the loop, in a
// goroutine. It returns when no later retry will be missed, except during an outage
// of the initiator. A broken watch is not reported: the calls then break as well.
func (m *manyRunner) watchRetries(ctx context.Context, pool string, watchers *sync.WaitGroup) {
	begun := make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	watchers.Go(func() {
		defer begin()
		for {
			err := m.sendRetries(ctx, m.client.WatchRetries(ctx, pool, begin))
			refused := errors.As(err, new(*client.Error)) && !errors.Is(err, &client.Error{Status: http.StatusServiceUnavailable})
			if refused || m.temporary || ctx.Err() != nil || m.client.Reconnect(ctx) != nil {
				return
			}
		}
	})
	<-begun
}

// sendRetries sends events to the loop until they end, and returns why.
func (m *manyRunner) sendRetries(ctx context.Context, events iter.Seq2[task.Event, error]) error {
	for e, err := range events {
		if errors.As(err, new(*client.GapError)) {
			continue
		}
		if err != nil {
			return err
		}
		select {
		case m.retries <- e:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
