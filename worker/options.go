package worker

import (
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/bounds"
	"initiator/proactor"
	"initiator/worker/call"
)

// Options configure a worker. Only Handlers must be set. The fields from Slots
// on are defaults: the INI on stdin overrides them, and the arguments override
// the INI.
type Options struct {
	// Handlers run the tasks. A task without a method goes to the only
	// handler, or, if there are several, to the handler named "default".
	Handlers []Handler
	// Middleware runs around every handler, the first outermost. It is not
	// called for a task whose method is unknown.
	Middleware []Middleware
	// Hooks are called around connections and tasks. The zero value has no
	// hooks.
	Hooks Hooks

	// Args may hold --guid and --port; the worker ignores all other arguments.
	// Main sets os.Args[1:].
	Args []string
	// Stdin holds the INI; nil means that there is no INI. Main sets os.Stdin.
	Stdin io.Reader
	// Getenv reads the environment; nil means os.Getenv.
	Getenv func(string) string
	// Logger receives the log; nil means no log.
	Logger hclog.Logger
	// Listening is called once with the worker's address, before the first
	// request is served. Nil means no call.
	Listening func(net.Addr)

	// Slots is the number of tasks that run at the same time; 0 means 1.
	Slots int
	// ListenAddr is the host to listen on; "" means 127.0.0.1.
	ListenAddr string
	// Port is the port to listen on; 0 means 7236, as in ding.interaction; a
	// negative number means any free port.
	Port int
	// GUID names the worker; "" means a random GUID.
	GUID string
	// Token is the worker's own secret; "" means a random token that no other
	// process knows.
	Token string
	// Channel must equal the channel of the master.
	Channel int
	// Connect is "token" or "open". With "token", /connect needs the worker's
	// own token as bearer token. "" means "token" in a worker that an
	// initiator launched, and "open" otherwise.
	Connect string
	// Direct is "token" or "open". With "token", a direct call (POST /) needs
	// the worker's own token as bearer token; "open" is allowed on loopback
	// only. "" means "token".
	Direct string
	// DirectCompression is the compression of the body of a direct call
	// without the header Content-Encoding, because toto's own compression
	// sends no header: none, gzip, zstd or zlib. "" means none.
	DirectCompression string
	// ChirpPort is the port at which nodes of libchirp call the default
	// method; 0 means no such port; a negative number means any free port.
	// Calls need no token: on loopback every program of this machine can call,
	// and beyond loopback every program with a certificate of the authority in
	// ChirpPEM.
	ChirpPort int
	// ChirpPEM names a file that holds the authority's certificate, the
	// worker's certificate and the worker's key. ChirpPort needs this file
	// beyond loopback.
	ChirpPEM string
	// Codecs are the serializations of direct calls that the worker accepts
	// besides JSON.
	Codecs []call.Codec
	// HeartbeatSpan is the time between heartbeats; 0 means 3 s; the minimum
	// is 0.2 s.
	HeartbeatSpan time.Duration
	// HeartbeatTolerance is how long heartbeats may fail before the worker
	// considers its master lost; 0 means 15 s; the minimum is 0.2 s.
	HeartbeatTolerance time.Duration
	// StopTimeout bounds the time from the end of Run's context, a signal or a
	// request to end until Run returns. The contexts of the tasks that still run
	// end with [ErrStopping] after half of it. 0 means 30 s; a negative value
	// means that Run waits for every task. For a worker that an initiator has
	// launched, stopwaitsecs and drain of its section decide.
	StopTimeout time.Duration
	// Keep lets tasks go on when the master is lost. Their results go to the
	// next master that connects within OrphanGrace; 0 means 10 min.
	Keep        bool
	OrphanGrace time.Duration
	// Insecure allows the worker to listen beyond loopback, where other
	// machines can read tokens and data: webhooks have no TLS.
	Insecure bool
	// BodyLimit is the largest request body in bytes; 0 means 64 MiB.
	BodyLimit int64
	// ReadTimeout limits the time for reading one request, so that a client
	// that sends slowly cannot hold a connection for long; 0 means 30 s.
	ReadTimeout time.Duration
	// RetryWait is the time between attempts to deliver a result; 0 means 1 s.
	RetryWait time.Duration

	onStart          func(startConfig)    // called by Run for Main
	onChirpListening func(netip.AddrPort) // called with the address of ChirpPort; for tests
	passedStream     net.Conn             // for tests, whose process has no descriptor 4 to use
}

func (o Options) withDefaults() Options {
	setDefault(&o.Getenv, o.Getenv == nil, os.Getenv)
	setDefault(&o.Logger, o.Logger == nil, hclog.NewNullLogger())
	setDefault(&o.Slots, o.Slots <= 0, 1)
	setDefault(&o.ListenAddr, o.ListenAddr == "", "127.0.0.1")
	setDefault(&o.Port, o.Port == 0, defaultPort)
	setDefault(&o.HeartbeatSpan, o.HeartbeatSpan <= 0, proactor.DefaultHeartbeatSpan)
	setDefault(&o.HeartbeatTolerance, o.HeartbeatTolerance <= 0, proactor.DefaultHeartbeatTolerance)
	setDefault(&o.StopTimeout, o.StopTimeout == 0, 30*time.Second)
	setDefault(&o.OrphanGrace, o.OrphanGrace <= 0, proactor.DefaultOrphanGrace)
	setDefault(&o.BodyLimit, o.BodyLimit <= 0, bounds.Body)
	setDefault(&o.ReadTimeout, o.ReadTimeout <= 0, 30*time.Second)
	setDefault(&o.RetryWait, o.RetryWait <= 0, time.Second)
	return o
}

// defaultPort is the port of a slave in ding.interaction.
const defaultPort = 7236

func setDefault[T any](field *T, unset bool, value T) {
	if unset {
		*field = value
	}
}
