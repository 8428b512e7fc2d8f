package api

import (
	"errors"
	"net"
	"os"
)

// errSecondTCP is for sockets of which it could not be said where workers
// are to report.
var errSecondTCP = errors.New("listen for the API: more than one TCP socket was passed to it; one ListenStream= with a port is enough")

// sort puts what was passed in its place: a TCP listener stands for Addr and
// Port, a unix one at Socket for that, and others are served beside them.
func (s *Server) sort(passed []net.Listener) error {
	for _, l := range passed {
		switch {
		case l.Addr().Network() != "tcp":
			// A long path was bound through a descriptor that means another
			// place by now: of our own, the first is the one.
			if s.own && (s.o.Own && s.unix == nil || samePlace(l.Addr().String(), s.o.Socket)) {
				s.unix, s.own = l, false
				continue
			}
			s.rest = append(s.rest, l)
		case s.tcp != nil:
			return errSecondTCP
		default:
			s.tcp = l
			s.o.Addr = l.Addr().(*net.TCPAddr).IP.String()
		}
	}
	return nil
}

// beside are the listeners beside TCP.
func (s *Server) beside() []net.Listener {
	if s.unix == nil {
		return s.rest
	}
	return append([]net.Listener{s.unix}, s.rest...)
}

// samePlace says whether two paths lead to one socket.
func samePlace(a, b string) bool {
	one, err := os.Lstat(a)
	if err != nil {
		return false
	}
	two, err := os.Lstat(b)
	return err == nil && os.SameFile(one, two)
}
