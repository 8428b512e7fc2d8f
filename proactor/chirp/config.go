package chirp

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Config holds the settings of a Peer, with libchirp's names where libchirp has
// them. The zero value has libchirp's defaults: synchronous, slots released
// when the handler returns, encrypted except on the loopback.
type Config struct {
	// Identity is the node's identity. Zero = a random one, as every start
	// should use.
	Identity ID
	// Async turns SYNCHRONOUS off: a message has succeeded once the operating
	// system has it, and many can be under way at once. Otherwise each message
	// asks for an ACK, and one message for each remote is under way at a time.
	Async bool
	// Handler receives every message that answers no request. nil = such
	// messages are released. It runs on the handler goroutines, many at once; a
	// panic in it is logged.
	Handler func(*PeerMessage)
	// KeepSlots turns AUTO_RELEASE off: the handler, or the caller that waits
	// for an answer, must call [PeerMessage.Release].
	KeepSlots bool
	// Slots is the number of unreleased messages of one connection from which
	// on the peer stops reading from it: 1 to 32; 0 = 16.
	Slots int
	// Handlers is the number of handlers that run at once; 0 = 16.
	Handlers int
	// Timeout limits the writing of a message, the wait for its ACK, and the
	// wait for the answer to a request: 0.1 to 1200 s; 0 = 5 s. Connecting may
	// take twice as long, at most 60 s.
	Timeout time.Duration
	// ReuseTime is how long an idle connection is kept at most; 0 = 30 s. It is
	// never less than three times Timeout.
	ReuseTime time.Duration
	// MaxMessage is the largest sum of header and data in bytes; 0 =
	// [MaxMessage].
	MaxMessage int
	// PEM is the path of a file with the authority's certificate, the node's
	// certificate and the node's key. Every node with a certificate of that
	// authority may connect.
	PEM string
	// Plain turns encryption off (DISABLE_ENCRYPTION).
	Plain bool
	// EncryptLoopback turns TLS on for 127.0.0.1 and ::1 too. Both sides must
	// set it.
	EncryptLoopback bool
	// Restarted is called when the node at an address came back with another
	// identity, so that state shared with it is void. It runs on a goroutine of
	// the peer and must not block. nil = ignored.
	Restarted func(at netip.AddrPort, node ID)
	// Logger logs connections that fail; nil = no log.
	Logger hclog.Logger
}

// These are the limits of a timeout, and the defaults.
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

// withDefaults fills in the defaults. The error names a setting that is out of
// range.
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

// connectTimeout returns how long connecting and both handshakes may take.
func (c Config) connectTimeout() time.Duration { return min(2*c.Timeout, maxConnect) }
