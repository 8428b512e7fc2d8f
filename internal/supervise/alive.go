package supervise

import "context"

// CheckAlive returns nil once the loop has answered: it is not stuck. It asks for
// nothing, and every request before it has been seen to.
func (s *Supervisor) CheckAlive(ctx context.Context) error {
	return s.askLoop(ctx, func(*loop) error { return nil })
}
