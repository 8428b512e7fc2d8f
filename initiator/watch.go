package initiator

import (
	"context"

	"github.com/google/uuid"

	"initiator/internal/dispatch"
)

// Watch watches one task; see dispatch.Dispatcher.Watch.
func (in *Initiator) Watch(ctx context.Context, id uuid.UUID) (*dispatch.Subscription, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.SubscribeTask(ctx, id)
}

// WatchPool watches all tasks of a pool from now on.
func (in *Initiator) WatchPool(ctx context.Context, pool string) (*dispatch.Subscription, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.SubscribePool(ctx, pool)
}
