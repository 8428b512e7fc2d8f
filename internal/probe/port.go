package probe

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"initiator/internal/port"
)

// checkPort reports whether the worker, or one of its descendants, listens on
// the worker's port. When the system does not say which process listens, a
// webhook worker still proves itself by its token; for every other kind a busy
// port must do.
func (p *Prober) checkPort(t *watched, listeners *port.ListenerTable, listErr error) bool {
	if t.Inherited || t.owned || t.Kind == "exec" {
		return true
	}
	if listErr != nil {
		return errors.Is(listErr, port.ErrUnknown) && t.Kind != "tcp" && t.Kind != "ding" || PortInUse(t.Addr)
	}
	own, err := listeners.FindOwner(t.Host, t.Port, t.PID)
	switch {
	case err != nil:
		p.portMissing(t, fmt.Sprintf("the process that listens on port %d cannot be seen: %v", t.Port, err))
	case !own.Listening:
		p.portMissing(t, fmt.Sprintf("nothing listens on %s yet", t.Addr))
	case !own.HeldByWorker:
		p.portMissing(t, foreignListener(t.Addr, own))
	}
	t.owned = err == nil && own.Listening && own.HeldByWorker
	return t.owned
}

func foreignListener(addr string, own port.Ownership) string {
	process := "another process"
	if own.PID != 0 {
		process = fmt.Sprintf("pid %d (%s)", own.PID, own.OtherCommand)
	}
	return fmt.Sprintf("%s listens on %s, and it is not this worker", process, addr)
}

// PortInUse reports whether a bind to the address would fail because a socket
// has it. It tries the bind: no other way tells whether the next one would fail.
func PortInUse(addr string) bool {
	ln, err := net.Listen("tcp", addr)
	if err == nil {
		ln.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}
