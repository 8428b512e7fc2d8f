package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/webhook"
	"initiator/worker"
)

// Errors with which the hooks of a Slave and ProcessTask refuse or fail.
type (
	ConnectionRefuse    = worker.ConnectionRefuse
	DisconnectionRefuse = worker.DisconnectionRefuse
	TaskRefuse          = worker.TaskRefuse
	TaskFail            = worker.TaskFail
)

// SlaveOptions configure a Slave. Only ProcessTask must be set.
type SlaveOptions struct {
	// ProcessTask runs a task; a nil result stands for {}. An error or a panic
	// fails the task for good, as in the original; a [TaskFail] sets the result,
	// and allows another attempt with Retry. The context ends when the master
	// disconnects or is lost.
	ProcessTask func(ctx context.Context, data json.RawMessage) (json.RawMessage, error)
	// BeforeConnection, BeforeDisconnection and BeforeTask get the data and
	// refuse with an error. LostConnection is called when the master is lost.
	// Each may be nil.
	BeforeConnection    func(data json.RawMessage) error
	BeforeDisconnection func(data json.RawMessage) error
	BeforeTask          func(data json.RawMessage) error
	LostConnection      func(master string, err error)

	Host     string // "" = 127.0.0.1
	Port     int    // 0 = 7236, negative = any free port
	Insecure bool   // as in MasterOptions
	Channel  int
	// HeartbeatSpan is the time between heartbeats; 0 means 3 s; the minimum
	// is 0.2 s. HeartbeatTolerance is how long heartbeats may fail before the
	// slave considers the master lost; 0 means 15 s.
	HeartbeatSpan      time.Duration
	HeartbeatTolerance time.Duration
	// RequestRetryWaiting is the time between attempts to report a result; 0
	// means 1 s. The attempts go on as long as the session lasts.
	RequestRetryWaiting time.Duration
	Logger              hclog.Logger // nil = no log
}

// Slave runs the tasks of a master, one at a time. Make it with [NewSlave].
// All methods may be called from any goroutine.
type Slave struct {
	options worker.Options
	token   string
	once    sync.Once
	up      chan struct{} // closed when the slave listens
	down    chan struct{} // closed when the slave has ended
	address string        // set before up is closed
	err     error         // set before down is closed
}

// NewSlave makes a Slave without starting it.
func NewSlave(o SlaveOptions) *Slave {
	s := &Slave{token: webhook.NewToken(), up: make(chan struct{}), down: make(chan struct{})}
	s.options = worker.Options{
		Handlers: []worker.Handler{worker.HandleRaw("default", o.runTask)},
		Hooks:    o.workerHooks(), Args: []string{}, Getenv: func(string) string { return "" },
		ListenAddr: o.Host, Port: o.Port, Insecure: o.Insecure, Channel: o.Channel, Connect: "open",
		Token: s.token, HeartbeatSpan: o.HeartbeatSpan, HeartbeatTolerance: o.HeartbeatTolerance,
		RetryWait: o.RequestRetryWaiting, Logger: o.Logger,
		Listening: func(a net.Addr) { s.address = a.String(); close(s.up) },
	}
	return s
}

// runTask calls ProcessTask. It turns an empty result into {}, because ding's
// results are objects, and every error and panic into a final failure: a task of
// ding has one attempt.
func (o SlaveOptions) runTask(ctx context.Context, data json.RawMessage) (result json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			if o.Logger != nil {
				o.Logger.Error("panic in ProcessTask", "panic", p, "stack", string(debug.Stack()))
			}
			result, err = nil, finalFailure(fmt.Errorf("panic: %v", p))
		}
	}()
	if o.ProcessTask == nil {
		return nil, finalFailure(errors.New("the slave has no ProcessTask"))
	}
	result, err = o.ProcessTask(ctx, data)
	switch {
	case err != nil:
		return nil, failTask(ctx, err)
	case len(result) == 0:
		result = json.RawMessage("{}")
	}
	return result, nil
}

// failTask returns the failure for an error of ProcessTask. The words of the
// reason for which the context ended replace "context canceled".
func failTask(ctx context.Context, err error) error {
	var fail TaskFail
	var pointer *TaskFail
	var refuse TaskRefuse
	if errors.As(err, &fail) || errors.As(err, &pointer) || errors.As(err, &refuse) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	return finalFailure(err)
}

// finalFailure returns the failure with the words of an error as its message.
func finalFailure(err error) TaskFail {
	return TaskFail{Data: map[string]string{"message": err.Error()}}
}

func (o SlaveOptions) workerHooks() worker.Hooks {
	var h worker.Hooks
	if o.BeforeConnection != nil {
		h.BeforeConnect = func(_ context.Context, data json.RawMessage) error { return o.BeforeConnection(data) }
	}
	if o.BeforeDisconnection != nil {
		h.BeforeDisconnect = func(_ context.Context, data json.RawMessage) error { return o.BeforeDisconnection(data) }
	}
	if o.BeforeTask != nil {
		h.BeforeTask = func(_ context.Context, t worker.Task) error { return o.BeforeTask(t.Data) }
	}
	if o.LostConnection != nil {
		h.OnLost = func(reason error) {
			var lost *worker.LostError
			if errors.As(reason, &lost) {
				o.LostConnection(lost.Master, lost.Err)
			}
		}
	}
	return h
}

// Start starts the slave and returns when a master can connect. The error says
// why the slave could not start.
func (s *Slave) Start() error {
	s.once.Do(func() {
		go func() {
			defer close(s.down)
			s.err = worker.Run(context.Background(), s.options)
		}()
	})
	select {
	case <-s.up:
		return nil
	case <-s.down:
		return s.err
	}
}

// Address returns the host and port of the slave. It waits until Start has
// succeeded.
func (s *Slave) Address() string {
	<-s.up
	return s.address
}

// Ping reports whether the slave's own server answers.
func (s *Slave) Ping(ctx context.Context) bool {
	return s.requestOwn(ctx, http.MethodGet, "/ping") == nil
}

// Shutdown asks the slave to accept no more tasks and to end. Join waits for
// the end.
func (s *Slave) Shutdown(ctx context.Context) error {
	return s.requestOwn(ctx, http.MethodDelete, "/shutdown")
}

func (s *Slave) requestOwn(ctx context.Context, method, path string) error {
	select {
	case <-s.up:
	default:
		return errors.New("the slave has not been started")
	}
	client := &webhook.Client{Base: "http://" + s.address, Channel: s.options.Channel, HTTP: webhook.NewHTTPClient(1)}
	defer client.HTTP.CloseIdleConnections()
	e, status, err := client.Do(ctx, method, path, s.token, nil)
	if err == nil && !e.Success {
		err = &RefusedError{Response{status, e}}
	}
	return err
}

// Join waits until the slave has ended. The error says why it ended; it is nil
// after Shutdown.
func (s *Slave) Join(ctx context.Context) error {
	select {
	case <-s.down:
		return s.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
