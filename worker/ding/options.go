package ding

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/proactor"
)

// The ports of the original.
const (
	DefaultMasterPort = 7235
	DefaultSlavePort  = 7236
)

// MasterOptions describe a Master. The zero value is a good one.
type MasterOptions struct {
	// Host and Port are where slaves reach the master; "" = 127.0.0.1, where
	// the original takes every interface, 0 = 7235, negative = any free port.
	Host string
	Port int
	// Insecure lets Host be beyond loopback, where tokens and data can be
	// read on the way.
	Insecure bool
	// MyAddress is what slaves are told; "" = http://Host:Port. It must be
	// set where Host is every interface.
	MyAddress string
	// Channel must be that of the slaves.
	Channel int
	// HeartbeatTolerance is how long a slave may be silent; 0 = 15 s, at
	// least 0.2 s. HeartbeatCheckSpan is how often that is looked at; 0 = 1 s,
	// at least 0.1 s.
	HeartbeatTolerance time.Duration
	HeartbeatCheckSpan time.Duration
	// RequestRetries is how often a request that did not get through is
	// repeated; 0 = 5, negative = never. RequestRetryWaiting is the time
	// between; 0 = 1 s. RequestTimeout bounds each; 0 = 10 s.
	RequestRetries      int
	RequestRetryWaiting time.Duration
	RequestTimeout      time.Duration
	// HTTP does the requests; nil is a client of the master's own. Slaves
	// behind https whose certificate no public authority has signed need one.
	HTTP *http.Client
	// Hooks are called around connections and tasks.
	Hooks Hooks
	// Logger is told what happens; nil logs nothing.
	Logger hclog.Logger
}

// The least times that ding.interaction allows.
const (
	minTolerance = 200 * time.Millisecond
	minCheckSpan = 100 * time.Millisecond
)

func (o MasterOptions) withDefaults() MasterOptions {
	setDefault(&o.Host, "", "127.0.0.1")
	setDefault(&o.Port, 0, DefaultMasterPort)
	setDefault(&o.HeartbeatTolerance, 0, 15*time.Second)
	setDefault(&o.HeartbeatCheckSpan, 0, time.Second)
	setDefault(&o.RequestRetries, 0, 5)
	setDefault(&o.RequestRetryWaiting, 0, time.Second)
	setDefault(&o.RequestTimeout, 0, 10*time.Second)
	o.HeartbeatTolerance = max(o.HeartbeatTolerance, minTolerance)
	o.HeartbeatCheckSpan = max(o.HeartbeatCheckSpan, minCheckSpan)
	o.RequestRetries = max(o.RequestRetries, 0)
	if o.HTTP == nil {
		o.HTTP = proactor.NewHTTP(8)
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

// Hooks are a program's own functions around what a Master does. Each may be
// nil. They are called from the goroutine that called Connect, Disconnect or
// Start; a panic in one counts as its error.
type Hooks struct {
	// BeforeConnect returns the data to send; an error cancels the
	// connection. AfterConnect sees the answer. ErrorConnect sees a refusal
	// (a *[RefusedError]) or a fault of transport, and what it returns
	// Connect returns: nil makes it a success of which nothing is connected.
	BeforeConnect func(c *Connection) (data any, err error)
	AfterConnect  func(c *Connection, r Response)
	ErrorConnect  func(c *Connection, err error) error
	// The same for Disconnect.
	BeforeDisconnect func(c *Connection) (data any, err error)
	AfterDisconnect  func(c *Connection, r Response)
	ErrorDisconnect  func(c *Connection, err error) error
	// BeforeNewTask gets a task's data and returns what is sent of it.
	BeforeNewTask func(c *Connection, data json.RawMessage) (any, error)
	AfterNewTask  func(c *Connection, r Response)
	ErrorNewTask  func(c *Connection, err error) error
}

// Response is a slave's answer.
type Response struct {
	Status int // of HTTP
	proactor.Envelope
}

// RefusedError is a slave's answer that is no success.
type RefusedError struct{ Response }

// Error says what the slave said.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the slave refused: %d %s", e.Code, e.Message)
}
