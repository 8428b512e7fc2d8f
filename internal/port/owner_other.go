//go:build !linux

package port

// Listeners returns ErrUnknown: only Linux tells which process holds a socket
// without a program of its own for it.
func Listeners() (*Snapshot, error) { return nil, ErrUnknown }

// Owner returns ErrUnknown on this system.
func Owner(addr string, port int, pid int) (Ownership, error) { return Ownership{}, ErrUnknown }

// Owner returns ErrUnknown on this system.
func (s *Snapshot) Owner(addr string, port int, pid int) (Ownership, error) {
	return Ownership{}, ErrUnknown
}

func holder(int) (pid int, command string) { return 0, "" }

// lingers is true: here SO_REUSEADDR never lets us in over a live socket on
// the same address, so that binding with it is safe to try.
func lingers(int) bool { return true }
