package dispatch

import (
	"context"
	"time"
)

// PingLoop returns nil once the loop has answered: it is not stuck. It asks for
// nothing, and does not wait for the queue's disk.
func (d *Dispatcher) PingLoop(ctx context.Context) error {
	_, err := ask(ctx, d, func(m *ask1[struct{}], _ time.Time) { m.tell(struct{}{}, nil) })
	return err
}
