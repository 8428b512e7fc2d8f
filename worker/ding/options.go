package ding

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// The ports of the original.
const (
	DefaultMasterPort = 7235
	DefaultSlavePort  = 7236
)

// MasterOptions configure a Master. The zero value works.
type MasterOptions struct {
	// Host and Port are where slaves reach the master. Host "" means
	// 127.0.0.1; the original listens on every interface. Port 0 means 7235; a
	// negative port means any free port.
	Host string
	Port int
	// Insecure allows a Host beyond loopback, where other machines can read
	// tokens and data.
	Insecure bool
	// MyAddress is the URL that slaves are given; "" means http://Host:Port.
	// It must be set when Host is every interface.
	MyAddress string
	// Channel must equal the channel of the slaves.
	Channel int
	// HeartbeatTolerance is how long a slave may be silent; 0 means 15 s; the
	// minimum is 0.2 s. HeartbeatCheckSpan is the time between two checks; 0
	// means 1 s; the minimum is 0.1 s.
	HeartbeatTolerance time.Duration
	HeartbeatCheckSpan time.Duration
	// RequestRetries is how many times a request that did not reach the slave
	// is repeated; 0 means 5; a negative number means never.
	// RequestRetryWaiting is the time between attempts; 0 means 1 s.
	// RequestTimeout limits each attempt; 0 means 10 s.
	RequestRetries      int
	RequestRetryWaiting time.Duration
	RequestTimeout      time.Duration
	// HTTP sends the requests; nil means a client of the master's own. Slaves
	// behind https need a client that trusts their certificate, unless a
	// public authority has signed it.
	HTTP *http.Client
	// Hooks are called around connections and tasks.
	Hooks Hooks
	// Logger receives the log; nil means no log.
	Logger hclog.Logger
}

// The minima of ding.interaction.
const (
	minTolerance = 200 * time.Millisecond
	minCheckSpan = 100 * time.Millisecond
)

func (o MasterOptions) withDefaults() MasterOptions {
	setDefault(&o.Host, "", "127.0.0.1")
	setDefault(&o.Port, 0, DefaultMasterPort)
	setDefault(&o.HeartbeatTolerance, 0, proactor.DefaultHeartbeatTolerance)
	setDefault(&o.HeartbeatCheckSpan, 0, time.Second)
	setDefault(&o.RequestRetries, 0, 5)
	setDefault(&o.RequestRetryWaiting, 0, time.Second)
	setDefault(&o.RequestTimeout, 0, 10*time.Second)
	o.HeartbeatTolerance = max(o.HeartbeatTolerance, minTolerance)
	o.HeartbeatCheckSpan = max(o.HeartbeatCheckSpan, minCheckSpan)
	o.RequestRetries = max(o.RequestRetries, 0)
	if o.HTTP == nil {
		o.HTTP = webhook.NewHTTPClient(8)
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	return o
}

func setDefault[T comparable](field *T, zero, value T) {
	if *field == zero {
		*field = value
	}
}

// Hooks are functions of the program that a Master calls. Each may be nil.
// They run in the goroutine that called Connect, Disconnect or Start. A panic
// in a hook counts as an error of that hook.
type Hooks struct {
	// BeforeConnect returns the data to send; an error cancels the connection.
	// AfterConnect gets the answer. ErrorConnect gets a refusal (a
	// *[RefusedError]) or a transport error, and Connect returns its result.
	// When it returns nil, Connect succeeds although the connection is not
	// connected.
	BeforeConnect func(c *Connection) (data any, err error)
	AfterConnect  func(c *Connection, r Response)
	ErrorConnect  func(c *Connection, err error) error
	// The hooks of Disconnect, with the same meaning.
	BeforeDisconnect func(c *Connection) (data any, err error)
	AfterDisconnect  func(c *Connection, r Response)
	ErrorDisconnect  func(c *Connection, err error) error
	// BeforeNewTask gets a task's data and returns the data to send.
	BeforeNewTask func(c *Connection, data json.RawMessage) (any, error)
	AfterNewTask  func(c *Connection, r Response)
	ErrorNewTask  func(c *Connection, err error) error
}

// Response is a slave's answer.
type Response struct {
	Status int // of HTTP
	proactor.Envelope
}

// RefusedError is an answer with which a slave refuses a request.
type RefusedError struct{ Response }

// Error returns the code and the message of the answer.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the slave refused: %d %s", e.Code, e.Message)
}
