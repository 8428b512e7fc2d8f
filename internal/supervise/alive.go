package supervise

import "context"

// Alive returns nil once the loop has answered: it is not stuck. It asks for
// nothing, and every request before it has been seen to.
func (s *Supervisor) Alive(ctx context.Context) error {
	return s.ask(ctx, func(*loop) error { return nil })
}
