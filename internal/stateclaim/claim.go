package stateclaim

import (
	"context"
	"net"
	"os"
	"time"
)

// Claim is the name that this process holds for one state directory. A nil *Claim is
// no claim; its methods may be called. One goroutine uses a Claim.
type Claim struct {
	// socket is bound and does not listen. It is nil after Listen.
	socket *os.File
}

// dialTimeout bounds a connection to the holder of a claim.
const dialTimeout = time.Second

// Take takes the claim on a state directory, which need not exist. Holder is the
// process id of the initiator of this user, or of root, that holds the claim
// already; 0 = none is known, and then c is nil only where there are no claims, or
// where a process that cannot be identified has the name.
func Take(dir string) (c *Claim, holder int) { return takeClaim(dir) }

// Listen makes the name a listener for connections of this process's user and of
// root. Close of the listener releases the claim. Listen returns nil without a
// claim, and when it was called before.
func (c *Claim) Listen() (net.Listener, error) {
	if c == nil || c.socket == nil {
		return nil, nil
	}
	l, err := listen(c.socket)
	if err != nil {
		return nil, err
	}
	c.Close() // the listener has a copy of the descriptor
	return sameUserListener{l}, nil
}

// Close releases a claim for which Listen was not called.
func (c *Claim) Close() {
	if c != nil && c.socket != nil {
		_ = c.socket.Close() // nothing was written
		c.socket = nil
	}
}

// Dial connects to the initiator that holds the claim on a state directory. It
// returns nil when no initiator does that belongs to this user or to root; for root,
// when none does that belongs to the owner of the directory around dir.
func Dial(ctx context.Context, dir string) net.Conn {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return dialClaim(ctx, dir)
}

// sameUserListener closes the connections of all users but root and the user of this
// process.
type sameUserListener struct{ net.Listener }

// Accept implements net.Listener.
func (l sameUserListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || isTrusted(peerOf(c), os.Geteuid()) {
			return c, err
		}
		_ = c.Close() // nothing was read from it
	}
}

// PeerPID returns the process id at the other end of a unix connection, or of the
// process that opened its listener; 0 = unknown.
func PeerPID(c net.Conn) int { return peerOf(c).pid }

// peer is the process at the other end of a connection.
type peer struct {
	pid, uid int
	known    bool
}

// isTrusted reports whether a peer belongs to root or to one of the users.
func isTrusted(p peer, users ...int) bool {
	for _, uid := range append(users, 0) {
		if p.known && p.uid == uid {
			return true
		}
	}
	return false
}
