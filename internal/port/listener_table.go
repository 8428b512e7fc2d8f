package port

import (
	"errors"
	"net/netip"
)

// ErrUnknown says that this system, or the permissions of this user, do not
// show which process listens. It means neither "the worker" nor "another program": the
// caller needs another proof, or goes without.
var ErrUnknown = errors.New("owner of the port cannot be determined")

// Ownership says which process a connection to an address and port reaches.
type Ownership struct {
	// Listening: a connection would reach a listening socket.
	Listening bool
	// HeldByWorker: every socket that the connection could reach is among the
	// descriptors of the worker or its descendants. Several processes may
	// listen on one address with SO_REUSEPORT; another program among them makes
	// HeldByWorker false.
	HeldByWorker bool
	// PID is the process that has the socket: the worker, its descendant, or
	// another program; 0 when it was not found.
	PID int
	// OtherCommand is the command name of another program; "" when HeldByWorker or not
	// found.
	OtherCommand string
}

// ListenerTable is the table of listening sockets at one moment, so that one
// read serves many workers. It is never changed and safe for concurrent use.
// Sockets that were opened later are not in it; the descriptors of processes
// are read when FindOwner is called.
type ListenerTable struct {
	listeners map[int][]listener // by port
}

// listener is one listening socket. Mapped IPv4 addresses are kept as the
// kernel shows them.
type listener struct {
	ip    netip.Addr
	inode uint64
}

// localAddresses returns the local addresses that take connections to ip, best
// first. Connecting to a wildcard address means connecting to loopback.
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
