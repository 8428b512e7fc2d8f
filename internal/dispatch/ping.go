package dispatch

import (
	"context"
	"time"
)

// PingLoop returns nil once the loop has answered: it is not stuck. It asks for
// nothing, and does not wait for the queue's disk.
func (d *Dispatcher) PingLoop(ctx context.Context) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) { m.reply(struct{}{}, nil) })
	return err
}
