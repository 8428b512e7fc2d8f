package initiator

import (
	"context"
	"errors"
	"fmt"
	"net"

	"initiator/internal/dispatch"
	"initiator/internal/supervise"
)

// Alive returns nil once both loops that everything depends on have answered:
// the one that supervises and the one that dispatches. The error says which
// did not before ctx was done. A watchdog is fed by it and not by a timer, so
// that a loop which is stuck is found out.
func (in *Initiator) Alive(ctx context.Context) error {
	if err := in.up(ctx); err != nil {
		return err
	}
	if err := in.supervisor.CheckAlive(ctx); err != nil && !errors.Is(err, supervise.ErrEnded) {
		return fmt.Errorf("the supervisor does not answer: %w", err)
	}
	if err := in.dispatcher.PingLoop(ctx); err != nil && !errors.Is(err, dispatch.ErrClosed) {
		return fmt.Errorf("the dispatcher does not answer: %w", err)
	}
	return nil
}

// Ending is closed when Shutdown was called, by whomever. The end of Run's
// context is not seen here.
func (in *Initiator) Ending() <-chan struct{} { return in.quit }

// apiAddr is where the API will listen on TCP: a socket that was passed counts,
// whatever the INI says, and is as dangerous beyond loopback as any.
func apiAddr(passed []net.Listener, configured string) string {
	for _, l := range passed {
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			return a.IP.String()
		}
	}
	return configured
}
