package initiator

import (
	"context"

	"github.com/google/uuid"

	"initiator/internal/dispatch"
)

// Watch watches one task; see dispatch.Dispatcher.Watch.
func (in *Initiator) Watch(ctx context.Context, id uuid.UUID) (*dispatch.Watch, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.Watch(ctx, id)
}

// WatchPool watches all tasks of a pool from now on.
func (in *Initiator) WatchPool(ctx context.Context, pool string) (*dispatch.Watch, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.WatchPool(ctx, pool)
}
