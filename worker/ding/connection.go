package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/internal/bytebudget"
	"initiator/internal/frozentime"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// The reasons for which tasks end without a result.
var (
	// ErrLost: the slave sent no heartbeat for longer than the tolerance.
	ErrLost = errors.New("the slave is lost")
	// ErrDisconnected: Disconnect or the end of the master ended the
	// connection.
	ErrDisconnected = errors.New("the slave was disconnected")

	errShutdown = fmt.Errorf("the master ends: %w", ErrDisconnected)
)

// Connection connects a master to one slave. It can be connected again after
// it was disconnected or lost. All methods may be called from any goroutine.
type Connection struct {
	master *Master
	name   string
	client webhook.Client
	bodies *bytebudget.Budget // of results that arrive

	changing sync.Mutex // held while the connection is being connected or disconnected

	mu        sync.Mutex // guards the fields below
	token     string     // of the session; "" = not connected
	lastHeard time.Time  // when the slave last sent a heartbeat
	tasks     map[string]*Task
}

// Name returns the connection's name in its master.
func (c *Connection) Name() string { return c.name }

// SetBearer sets the slave's own token. A worker that an initiator launched
// demands it at Connect; a slave of the original has none. Call SetBearer
// before Connect.
func (c *Connection) SetBearer(token string) { c.client.Bearer = token }

// IsConnected reports whether the connection is connected.
func (c *Connection) IsConnected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token != ""
}

// Connect connects to the slave. Each session has a new token, so that late
// requests of an earlier session are refused.
func (c *Connection) Connect(ctx context.Context) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if c.IsConnected() {
		return fmt.Errorf("connect %s: the connection is connected already", c.name)
	}
	h := c.master.options.Hooks
	data, err := askHook(h.BeforeConnect, c)
	if err != nil {
		return fmt.Errorf("connect %s: %w", c.name, err)
	}
	token := webhook.NewToken()
	if err := c.master.registerToken(c, token); err != nil { // the slave's first heartbeat may arrive before its answer
		return fmt.Errorf("connect %s: %w", c.name, err)
	}
	body := webhook.ConnectBody{Master: webhook.Master{Address: c.master.MyAddress()}, Data: data}
	r, err := c.sendRequest(ctx, token, http.MethodPost, "/connect", body)
	if err != nil {
		c.master.forgetToken(c, token)
		return failHook(h.ErrorConnect, c, fmt.Errorf("connect %s: %w", c.name, err))
	}
	c.mu.Lock()
	c.token, c.lastHeard = token, time.Now()
	c.mu.Unlock()
	if c.master.life.Err() != nil { // the master ended meanwhile and did not see this session
		c.closeSession(errShutdown)
		return fmt.Errorf("connect %s: %w", c.name, errShutdown)
	}
	tellHook(c, h.AfterConnect, r)
	return nil
}

// Disconnect ends the connection, unless the slave refuses. Tasks that run
// there become Failed, with ErrDisconnected.
func (c *Connection) Disconnect(ctx context.Context) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token == "" {
		return fmt.Errorf("disconnect %s: the connection is not connected", c.name)
	}
	h := c.master.options.Hooks
	data, err := askHook(h.BeforeDisconnect, c)
	if err != nil {
		return fmt.Errorf("disconnect %s: %w", c.name, err)
	}
	r, err := c.sendRequest(ctx, token, http.MethodDelete, "/disconnect", webhook.DisconnectBody{Data: data})
	if err != nil {
		return failHook(h.ErrorDisconnect, c, fmt.Errorf("disconnect %s: %w", c.name, err))
	}
	c.closeSession(ErrDisconnected)
	tellHook(c, h.AfterDisconnect, r)
	return nil
}

// NewTask makes a task for the slave without starting it. When data cannot be
// marshalled, Join returns the error.
func (c *Connection) NewTask(data any) *Task {
	t := &Task{id: uuid.NewString(), connection: c, started: make(chan struct{}), done: make(chan struct{})}
	t.data, t.dataErr = marshalData(data)
	return t
}

func marshalData(data any) (json.RawMessage, error) {
	if raw, ok := data.(json.RawMessage); ok && raw != nil {
		return raw, nil
	}
	if data == nil {
		return json.RawMessage("{}"), nil // as in the original
	}
	return json.Marshal(data)
}

// noteHeartbeat records that the slave has sent a heartbeat.
func (c *Connection) noteHeartbeat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastHeard = time.Now()
}

// excuseGap moves the time at which the slave was last heard when the master has
// not run for some time: it could not hear the slave.
func (c *Connection) excuseGap(gap frozentime.Gap, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastHeard = gap.MoveStart(c.lastHeard, now, c.master.options.HeartbeatTolerance, proactor.DefaultHeartbeatSpan)
}

// checkSilence closes the session of a slave that has been silent for longer
// than the tolerance.
func (c *Connection) checkSilence(now time.Time) {
	c.mu.Lock()
	silent := now.Sub(c.lastHeard) // both times have a monotonic clock
	token := c.token
	c.mu.Unlock()
	if token == "" || silent <= c.master.options.HeartbeatTolerance {
		return
	}
	c.master.log.Warn("lost a slave", "connection", c.name, "silent", silent)
	c.closeSession(ErrLost)
	c.master.background.Go(func() { // a slave that is alive after all becomes free for another session
		_, _, err := c.client.Do(c.master.life, http.MethodDelete, "/disconnect", token, webhook.DisconnectBody{})
		c.master.log.Debug("disconnect a lost slave", "connection", c.name, "error", err)
	})
}

// closeSession ends the session, makes its token invalid and fails its tasks.
func (c *Connection) closeSession(reason error) {
	c.mu.Lock()
	token, tasks := c.token, c.tasks
	c.token, c.tasks = "", map[string]*Task{}
	c.mu.Unlock()
	c.master.forgetToken(c, token)
	for _, t := range tasks {
		t.failTask(reason)
	}
}

// addTask adds a task to the table of the session, and returns the session's
// token.
func (c *Connection) addTask(t *Task) (token string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == "" {
		return "", fmt.Errorf("%s is not connected", c.name)
	}
	c.tasks[t.id] = t
	return c.token, nil
}

// removeTask removes a task from the table and returns it, or nil when it is
// not there.
func (c *Connection) removeTask(id string) *Task {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tasks[id]
	delete(c.tasks, id)
	return t
}

// registerToken makes a session's token known before the slave can use it.
func (m *Master) registerToken(c *Connection, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.myAddress == "" || m.life.Err() != nil {
		return errors.New("the master is not running; call Start first")
	}
	if other := m.connections[c.name]; other != nil {
		return errors.New("another connection with that name is connected")
	}
	m.connections[c.name], m.tokens[token] = c, c
	return nil
}

func (m *Master) forgetToken(c *Connection, token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, token)
	if m.connections[c.name] == c {
		delete(m.connections, c.name)
	}
}
