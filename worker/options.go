package worker

import (
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/worker/call"
)

// Options describe a worker. Only Handlers must be set. The fields from Slots
// on are defaults: what the INI on stdin says comes before them, and what argv
// says before that.
type Options struct {
	// Handlers run the tasks. A task without a method goes to the only one,
	// or else to the one named "default".
	Handlers []Handler
	// Hooks are called around connections and tasks; the zero value is none.
	Hooks Hooks

	// Args are searched for --guid and --port; anything else in them is the
	// program's own business. Main gives os.Args[1:].
	Args []string
	// Stdin holds the INI; nil means there is none. Main gives os.Stdin.
	Stdin io.Reader
	// Getenv reads the environment; nil is os.Getenv.
	Getenv func(string) string
	// Logger is told what happens; nil logs nothing.
	Logger hclog.Logger
	// Listening, when not nil, is called once with the address that is
	// served, before the first request is.
	Listening func(net.Addr)

	// Slots is how many tasks run at a time; 0 = 1.
	Slots int
	// ListenAddr is the host to serve on; "" = 127.0.0.1.
	ListenAddr string
	// Port to serve on; 0 = ding.interaction's 7236, negative = any free one.
	Port int
	// GUID names the worker; "" = a random one.
	GUID string
	// Token is the worker's own secret; "" = a random one, which nobody knows.
	Token string
	// Channel must be that of the master.
	Channel int
	// Connect is "token" where /connect needs the worker's own token as
	// bearer, or "open"; "" = token when launched by an initiator.
	Connect string
	// Direct is "token" where a direct call (POST /) needs the worker's own
	// token as bearer, or "open", on loopback only; "" = token.
	Direct string
	// DirectCompression is what the body of a direct call without a
	// Content-Encoding is compressed with, as toto's users may have it: none,
	// gzip, zstd or zlib; "" = none.
	DirectCompression string
	// ChirpPort is where libchirp's own nodes may call the default method, as
	// the messages come; 0 = nowhere, negative = any free port. Whoever
	// reaches it may: on loopback every program of this machine, and beyond
	// it whoever has a certificate of ChirpPEM's authority.
	ChirpPort int
	// ChirpPEM is a file with the authority's certificate, the worker's own,
	// and its key. Beyond loopback ChirpPort needs one.
	ChirpPEM string
	// Codecs are the serializations of direct calls that the worker accepts
	// besides JSON.
	Codecs []call.Codec
	// HeartbeatSpan is the time between heartbeats; 0 = 3 s, at least 0.2 s.
	HeartbeatSpan time.Duration
	// HeartbeatTolerance is how long heartbeats may fail until the master
	// counts as lost; 0 = 15 s, at least 0.2 s.
	HeartbeatTolerance time.Duration
	// Keep lets tasks run on when the master is lost, and hands their
	// results to the next one that connects within OrphanGrace (0 = 10 min).
	Keep        bool
	OrphanGrace time.Duration
	// Insecure lets it bind to an address beyond loopback, where tokens and
	// data can be read on the way: webhooks have no TLS.
	Insecure bool
	// BodyLimit is the largest request body in bytes; 0 = 64 MiB.
	BodyLimit int64
	// ReadTimeout bounds the reading of one request, so that a client that
	// drips bytes holds nothing for long; 0 = 30 s.
	ReadTimeout time.Duration
	// RetryWait is the time between attempts to deliver a result; 0 = 1 s.
	RetryWait time.Duration

	onStart          func(startConfig)    // Main wants to know
	onChirpListening func(netip.AddrPort) // and tests where ChirpPort is;
	passedStream     net.Conn             // they have no descriptor 4 to spare
}

func (o Options) withDefaults() Options {
	setDefault(&o.Getenv, o.Getenv == nil, os.Getenv)
	setDefault(&o.Logger, o.Logger == nil, hclog.NewNullLogger())
	setDefault(&o.Slots, o.Slots <= 0, 1)
	setDefault(&o.ListenAddr, o.ListenAddr == "", "127.0.0.1")
	setDefault(&o.Port, o.Port == 0, defaultPort)
	setDefault(&o.HeartbeatSpan, o.HeartbeatSpan <= 0, 3*time.Second)
	setDefault(&o.HeartbeatTolerance, o.HeartbeatTolerance <= 0, 15*time.Second)
	setDefault(&o.OrphanGrace, o.OrphanGrace <= 0, 10*time.Minute)
	setDefault(&o.BodyLimit, o.BodyLimit <= 0, 64<<20)
	setDefault(&o.ReadTimeout, o.ReadTimeout <= 0, 30*time.Second)
	setDefault(&o.RetryWait, o.RetryWait <= 0, time.Second)
	return o
}

// defaultPort is ding.interaction's for a slave.
const defaultPort = 7236

func setDefault[T any](field *T, unset bool, value T) {
	if unset {
		*field = value
	}
}
