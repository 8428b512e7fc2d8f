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

	"initiator/proactor"
)

// The reasons for which tasks end without a result.
var (
	// ErrLost: the slave's heartbeats stayed away.
	ErrLost = errors.New("the slave is lost")
	// ErrDisconnected: the connection was ended on purpose.
	ErrDisconnected = errors.New("the slave was disconnected")

	errShutdown = fmt.Errorf("the master ends: %w", ErrDisconnected)
)

// Connection is the way to one slave. It can be connected again after it was
// disconnected or lost. All methods may be called from any goroutine.
type Connection struct {
	master *Master
	name   string
	client proactor.Client

	changing sync.Mutex // held while it is being connected or disconnected

	mu        sync.Mutex // guards what follows
	token     string     // of the session; "" = not connected
	lastHeard time.Time  // the last sign of life
	tasks     map[string]*Task
}

// Name is the name in the master.
func (c *Connection) Name() string { return c.name }

// SetBearer sets the slave's own token, which a worker that was launched by an
// initiator demands at Connect; a ding slave has none. Call it before Connect.
func (c *Connection) SetBearer(token string) { c.client.Bearer = token }

// IsConnected says whether the connection is alive.
func (c *Connection) IsConnected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token != ""
}

// Connect connects to the slave. Each session has a token of its own, so that
// what comes late from the one before it is refused.
func (c *Connection) Connect(ctx context.Context) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	if c.IsConnected() {
		return fmt.Errorf("connect %s: it is connected", c.name)
	}
	h := c.master.options.Hooks
	data, err := askHook(h.BeforeConnect, c)
	if err != nil {
		return fmt.Errorf("connect %s: %w", c.name, err)
	}
	token := proactor.NewToken()
	if err := c.master.registerToken(c, token); err != nil { // its first heartbeat may be faster than its answer
		return fmt.Errorf("connect %s: %w", c.name, err)
	}
	body := proactor.ConnectBody{Master: proactor.Master{Address: c.master.MyAddress()}, Data: data}
	r, err := c.sendRequest(ctx, token, http.MethodPost, "/connect", body)
	if err != nil {
		c.master.forgetToken(c, token)
		return failHook(h.ErrorConnect, c, fmt.Errorf("connect %s: %w", c.name, err))
	}
	c.mu.Lock()
	c.token, c.lastHeard = token, time.Now()
	c.mu.Unlock()
	if c.master.life.Err() != nil { // it ended meanwhile, and saw no session to close
		c.closeSession(errShutdown)
		return fmt.Errorf("connect %s: %w", c.name, errShutdown)
	}
	tellHook(c, h.AfterConnect, r)
	return nil
}

// Disconnect ends the connection. The slave can refuse that. Tasks that run
// there end as Failed, with ErrDisconnected.
func (c *Connection) Disconnect(ctx context.Context) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token == "" {
		return fmt.Errorf("disconnect %s: it is not connected", c.name)
	}
	h := c.master.options.Hooks
	data, err := askHook(h.BeforeDisconnect, c)
	if err != nil {
		return fmt.Errorf("disconnect %s: %w", c.name, err)
	}
	r, err := c.sendRequest(ctx, token, http.MethodDelete, "/disconnect", proactor.DisconnectBody{Data: data})
	if err != nil {
		return failHook(h.ErrorDisconnect, c, fmt.Errorf("disconnect %s: %w", c.name, err))
	}
	c.closeSession(ErrDisconnected)
	tellHook(c, h.AfterDisconnect, r)
	return nil
}

// NewTask makes a task for the slave; it is not started yet. Data that cannot
// be marshalled shows as the error of Start and Join.
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

// noteHeartbeat notes a heartbeat.
func (c *Connection) noteHeartbeat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastHeard = time.Now()
}

// checkSilence gives the slave up when it has been silent for too long.
func (c *Connection) checkSilence(now time.Time) {
	c.mu.Lock()
	silent := now.Sub(c.lastHeard) // both have the monotonic clock
	token := c.token
	c.mu.Unlock()
	if token == "" || silent <= c.master.options.HeartbeatTolerance {
		return
	}
	c.master.log.Warn("lost a slave", "connection", c.name, "silent", silent)
	c.closeSession(ErrLost)
	c.master.background.Go(func() { // should it hear us after all, it is free for the next session
		_, _, err := c.client.Do(c.master.life, http.MethodDelete, "/disconnect", token, proactor.DisconnectBody{})
		c.master.log.Debug("disconnect a lost slave", "connection", c.name, "error", err)
	})
}

// closeSession ends the session: its token opens nothing any more, and its tasks end.
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

// addTask puts a task into the table of the session, and returns its token.
func (c *Connection) addTask(t *Task) (token string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == "" {
		return "", fmt.Errorf("%s is not connected", c.name)
	}
	c.tasks[t.id] = t
	return c.token, nil
}

// removeTask takes a task out of the table; nil when it is not there.
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
		return errors.New("the master does not run; call Start first")
	}
	if other := m.connections[c.name]; other != nil {
		return errors.New("another connection of that name is alive")
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
