//go:build !linux

package port

import "net/netip"

// ReadListeners returns ErrUnknown: only Linux says which process holds a
// socket without a separate program.
func ReadListeners() (*ListenerTable, error) { return nil, ErrUnknown }

// FindOwner returns ErrUnknown on this system.
func FindOwner(addr string, port int, pid int) (Ownership, error) { return Ownership{}, ErrUnknown }

// FindOwner returns ErrUnknown on this system.
func (s *ListenerTable) FindOwner(addr string, port int, pid int) (Ownership, error) {
	return Ownership{}, ErrUnknown
}

// ListHeld finds nothing on this system.
func (s *ListenerTable) ListHeld(pid int) []netip.AddrPort { return nil }

func findHolder(int) (pid int, command string) { return 0, "" }

// onlyClosedConnections returns true: here SO_REUSEADDR never enters a live
// socket on the same address, so that binding with it is safe to try.
func onlyClosedConnections(int) bool { return true }
