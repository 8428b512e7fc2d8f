package port

import (
	"errors"
	"net/netip"
)

// ErrUnknown says that this system, or this user's rights on it, do not let
// us see who listens. It is neither "ours" nor "a stranger": the caller needs
// another proof, or goes without.
var ErrUnknown = errors.New("owner of the port cannot be determined")

// Ownership says who is reached by connecting to an address and port.
type Ownership struct {
	// Listening: a connection would reach a listening socket.
	Listening bool
	// Ours: every socket that it could reach is among the descriptors of the
	// worker or its descendants. Several processes may listen on one address
	// with SO_REUSEPORT; a stranger among them makes it false.
	Ours bool
	// PID is the holder: the worker's own process or the descendant that has
	// the socket, else the stranger; 0 when it could not be found.
	PID int
	// Command is the stranger's command name; "" when Ours or not found.
	Command string
}

// ListenerTable is the table of listening sockets at one moment, so that one read
// of it serves many workers. It is never changed and safe for concurrent use.
// Sockets that were opened later are not in it; the descriptors of processes
// are looked at when Owner is called.
type ListenerTable struct {
	listeners map[int][]listener // by port
}

// listener is one listening socket. mapped IPv4 addresses stand as the kernel
// shows them.
type listener struct {
	ip    netip.Addr
	inode uint64
}

func (s *ListenerTable) addListener(at netip.AddrPort, inode uint64) {
	if s.listeners == nil {
		s.listeners = map[int][]listener{}
	}
	number := int(at.Port())
	s.listeners[number] = append(s.listeners[number], listener{at.Addr(), inode})
}

// reachedInodes are the inodes that a connection to ip:port may end at. The kernel
// prefers the exact address to a wildcard, and IPv4 to IPv6 for an IPv4
// address (compute_score in inet_hashtables.c); who is behind another's back
// is of no interest.
func (s *ListenerTable) reachedInodes(ip netip.Addr, port int) []uint64 {
	for _, want := range localAddresses(ip.WithZone("")) {
		var inodes []uint64
		for _, l := range s.listeners[port] {
			if l.ip == want {
				inodes = append(inodes, l.inode)
			}
		}
		if inodes != nil {
			return inodes
		}
	}
	return nil
}

// localAddresses are the local addresses that take connections to ip, best first.
// Connecting to a wildcard address means connecting to loopback.
func localAddresses(ip netip.Addr) []netip.Addr {
	if ip.Is4() {
		if ip.IsUnspecified() {
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		mapped := netip.AddrFrom16(ip.As16())
		return []netip.Addr{ip, mapped, netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	if ip.IsUnspecified() {
		ip = netip.IPv6Loopback()
	}
	return []netip.Addr{ip, netip.IPv6Unspecified()}
}
