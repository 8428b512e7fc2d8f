package chirp

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Config is a Peer's settings, with libchirp's names where it has them. The
// zero value is libchirp's default: synchronous, slots released when the
// handler returns, encrypted except on the loopback.
type Config struct {
	// Identity is the node's; zero draws one, as every start should.
	Identity ID
	// Async turns SYNCHRONOUS off: a message is a success once the operating
	// system has it, and many are under way at once. Otherwise each asks for
	// an ACK and one is outstanding per remote.
	Async bool
	// Handler gets every message that answers no request. nil releases them.
	// It runs on the pool, on many goroutines at once; a panic is logged.
	Handler func(*PeerMessage)
	// KeepSlots turns AUTO_RELEASE off: the handler, or whoever waits for an
	// answer, calls [Letter.Release].
	KeepSlots bool
	// Slots is how many messages of one connection may be unreleased before
	// nothing more is read from it: 1 to 32, 0 means 16.
	Slots int
	// Handlers is how many handlers run at once; 0 means 16.
	Handlers int
	// Timeout is for writing a message, for its ACK, and for the answer to a
	// request: 0.1 to 1200 s, 0 means 5 s. Connecting has twice as long, at
	// most 60 s.
	Timeout time.Duration
	// ReuseTime is how long an idle connection is kept at most; 0 means 30 s.
	// It is never under three times Timeout.
	ReuseTime time.Duration
	// MaxMessage is the most bytes of header and data; 0 means [MaxMessage].
	MaxMessage int
	// PEM is a file with the authority's certificate, ours, and our key.
	// Whoever has a certificate of that authority may connect.
	PEM string
	// Plain turns encryption off (DISABLE_ENCRYPTION).
	Plain bool
	// EncryptLoopback asks for TLS on 127.0.0.1 and ::1 too. Both sides must.
	EncryptLoopback bool
	// Restarted, when set, hears that the node at an address came back with
	// another identity: what was shared with it is void. It runs on a
	// goroutine of the peer's and must not block.
	Restarted func(at netip.AddrPort, node ID)
	// Logger hears of connections that fail; nil is silence.
	Logger hclog.Logger
}

// What a timeout may be, and what others follow from it.
const (
	minTimeout     = 100 * time.Millisecond
	maxTimeout     = 1200 * time.Second
	defaultTimeout = 5 * time.Second
	maxConnect     = 60 * time.Second
	defaultReuse   = 30 * time.Second
	defaultSlots   = 16
	maxSlots       = 32
	defaultPool    = 16
)

// withDefaults fills in the defaults and says what is out of range.
func (c Config) withDefaults() (Config, error) {
	if c.Identity.IsZero() {
		c.Identity = NewID()
	}
	orDefault(&c.Slots, defaultSlots)
	orDefault(&c.Handlers, defaultPool)
	orDefault(&c.MaxMessage, MaxMessage)
	orDefault(&c.Timeout, defaultTimeout)
	orDefault(&c.ReuseTime, defaultReuse)
	c.ReuseTime = max(c.ReuseTime, 3*c.Timeout)
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	switch {
	case c.Slots < 1 || c.Slots > maxSlots:
		return c, fmt.Errorf("configure peer: Slots is %d, must be 1 to %d", c.Slots, maxSlots)
	case c.Handlers < 1:
		return c, fmt.Errorf("configure peer: Handlers is %d, must be 1 or more", c.Handlers)
	case c.MaxMessage < 1:
		return c, fmt.Errorf("configure peer: MaxMessage is %d, must be 1 or more", c.MaxMessage)
	case c.Timeout < minTimeout || c.Timeout > maxTimeout:
		return c, fmt.Errorf("configure peer: Timeout is %v, must be %v to %v", c.Timeout, minTimeout, maxTimeout)
	}
	return c, nil
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// connectTimeout is how long connecting and both handshakes may take.
func (c Config) connectTimeout() time.Duration { return min(2*c.Timeout, maxConnect) }
