//go:build !linux

package port

// ReadListeners returns ErrUnknown: only Linux tells which process holds a socket
// without a program of its own for it.
func ReadListeners() (*ListenerTable, error) { return nil, ErrUnknown }

// FindOwner returns ErrUnknown on this system.
func FindOwner(addr string, port int, pid int) (Ownership, error) { return Ownership{}, ErrUnknown }

// FindOwner returns ErrUnknown on this system.
func (s *ListenerTable) FindOwner(addr string, port int, pid int) (Ownership, error) {
	return Ownership{}, ErrUnknown
}

func findHolder(int) (pid int, command string) { return 0, "" }

// onlyClosedConnections is true: here SO_REUSEADDR never lets us in over a live socket on
// the same address, so that binding with it is safe to try.
func onlyClosedConnections(int) bool { return true }
