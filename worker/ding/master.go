package ding

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/bounds"
	"initiator/internal/bytebudget"
	"initiator/internal/frozentime"
	"initiator/internal/loopback"
	"initiator/internal/webhook"
)

// Master connects to slaves and gives them tasks. Make it with [NewMaster].
// All methods may be called from any goroutine.
type Master struct {
	options MasterOptions
	log     hclog.Logger
	token   string // the master's own token, for /ping and /shutdown
	http    *http.Client

	life       context.Context // ended by Shutdown
	cancelLife context.CancelFunc
	background sync.WaitGroup // the server, the watch over connections, and callbacks

	mu          sync.Mutex // guards the fields below
	started     bool
	address     string // host and port that the master serves; "" before Start
	myAddress   string // the URL that slaves are given
	connections map[string]*Connection
	tokens      map[string]*Connection // by the tokens of sessions, from before /connect on
}

// NewMaster makes a Master without starting it.
func NewMaster(o MasterOptions) *Master {
	o = o.withDefaults()
	m := &Master{
		options: o, log: o.Logger, token: webhook.NewToken(), http: o.HTTP,
		connections: map[string]*Connection{}, tokens: map[string]*Connection{},
	}
	m.life, m.cancelLife = context.WithCancel(context.Background())
	return m
}

// Start starts the master's server and returns when slaves can reach it. It
// may be called once.
func (m *Master) Start(ctx context.Context) error {
	ip := net.ParseIP(m.options.Host)
	switch {
	case !loopback.IsHost(m.options.Host) && !m.options.Insecure:
		return fmt.Errorf("start the master: %s is beyond loopback, where other machines can read tokens; use 127.0.0.1, or set Insecure", m.options.Host)
	case ip != nil && ip.IsUnspecified() && m.options.MyAddress == "":
		return errors.New("start the master: it listens on every interface; set MyAddress to the URL that slaves reach")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.started {
		return errors.New("start the master: it was started before")
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(m.options.Host, strconv.Itoa(max(m.options.Port, 0))))
	if err != nil {
		return fmt.Errorf("start the master: %w", err)
	}
	m.started, m.address = true, l.Addr().String()
	m.myAddress = m.options.MyAddress
	setDefault(&m.myAddress, "", "http://"+m.address)
	m.background.Go(func() { m.serveSlaves(l) })
	m.background.Go(m.watchConnections)
	return nil
}

// MyAddress returns the URL that slaves are given, http://host:port, or ""
// before Start.
func (m *Master) MyAddress() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.myAddress
}

// Ping reports whether the master's own server answers.
func (m *Master) Ping(ctx context.Context) bool {
	return m.requestOwn(ctx, http.MethodGet, "/ping") == nil
}

// Shutdown asks the master's own server to end. The slaves of open connections
// lose their master, and their tasks end. Join waits for the end.
func (m *Master) Shutdown(ctx context.Context) error {
	return m.requestOwn(ctx, http.MethodDelete, "/shutdown")
}

func (m *Master) requestOwn(ctx context.Context, method, path string) error {
	m.mu.Lock()
	address := m.address
	m.mu.Unlock()
	if address == "" {
		return errors.New("the master has not been started")
	}
	client := &webhook.Client{Base: "http://" + address, Channel: m.options.Channel, HTTP: m.http, Timeout: m.options.RequestTimeout}
	e, status, err := client.Do(ctx, method, path, m.token, nil)
	if err == nil && !e.Success {
		err = &RefusedError{Response{status, e}}
	}
	return err
}

// Join waits until the master's server, connections and callbacks have ended.
func (m *Master) Join(ctx context.Context) error {
	down := make(chan struct{})
	go func() {
		defer close(down)
		m.background.Wait()
	}()
	select {
	case <-down:
		m.http.CloseIdleConnections()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// NewConnection makes a connection to a slave without connecting it. Port 0
// means 7236. The error says that a live connection has that name.
func (m *Master) NewConnection(name, host string, port int, https bool) (*Connection, error) {
	if m.HasConnection(name) {
		return nil, fmt.Errorf("connection %q already exists", name)
	}
	setDefault(&port, 0, DefaultSlavePort)
	scheme := "http://"
	if https {
		scheme = "https://"
	}
	return &Connection{master: m, name: name, bodies: bytebudget.New(bounds.PeerBodies), client: webhook.Client{
		Base: scheme + net.JoinHostPort(host, strconv.Itoa(port)), Channel: m.options.Channel,
		HTTP: m.http, Timeout: m.options.RequestTimeout,
	}, tasks: map[string]*Task{}}, nil
}

// HasConnection reports whether a live connection has that name.
func (m *Master) HasConnection(name string) bool {
	_, ok := m.LookupConnection(name)
	return ok
}

// LookupConnection returns the live connection of that name, if there is one.
func (m *Master) LookupConnection(name string) (*Connection, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.connections[name]
	return c, ok
}

// DeleteConnection disconnects the live connection of that name.
func (m *Master) DeleteConnection(ctx context.Context, name string) error {
	c, ok := m.LookupConnection(name)
	if !ok {
		return fmt.Errorf("connection %q is not found", name)
	}
	return c.Disconnect(ctx)
}

// watchConnections closes the connections of silent slaves. When the master
// ends, it closes all connections.
func (m *Master) watchConnections() {
	tick := time.NewTicker(m.options.HeartbeatCheckSpan)
	defer tick.Stop()
	var rounds frozentime.Detector
	for {
		rounds.Expect(time.Now().Add(m.options.HeartbeatCheckSpan), m.options.HeartbeatCheckSpan)
		select {
		case <-tick.C:
			now := time.Now()
			gap := rounds.Observe(now)
			for _, c := range m.liveConnections() {
				c.excuseGap(gap, now)
				c.checkSilence(now)
			}
		case <-m.life.Done():
			for _, c := range m.liveConnections() {
				c.closeSession(errShutdown)
			}
			return
		}
	}
}

func (m *Master) liveConnections() []*Connection {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*Connection, 0, len(m.connections))
	for _, c := range m.connections {
		list = append(list, c)
	}
	return list
}
