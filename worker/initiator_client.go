package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"initiator/proactor"
)

// InitiatorClient is the initiator as a task sees it from inside its handler. What is
// submitted through it are children of the task: when that is cancelled, they
// are too.
type InitiatorClient struct {
	base   string
	token  string // the worker's own
	parent string // id of the task; "" outside of one
	http   *http.Client
}

// NewInitiatorClient returns the initiator that has launched this worker, for the contexts
// of handlers and hooks; it is good until ctx ends. The error says that nobody
// has told the worker where that is: it was started by hand, or by another
// master.
//
// A handler that waits for its children holds its slot meanwhile. Give children
// to another pool, or have more slots than there can be such parents: else all
// slots may wait for tasks that wait for a slot.
func NewInitiatorClient(ctx context.Context) (*InitiatorClient, error) {
	addr, _ := Setting(ctx, "parent_addr")
	port, _ := Setting(ctx, "parent_port")
	token, _ := Setting(ctx, "token")
	if addr == "" || port == "" || token == "" {
		return nil, errors.New("find the initiator: this worker was not launched by one; use `initiator up`, or `initiator run`")
	}
	t, _ := TaskOf(ctx)
	connections := &http.Transport{MaxIdleConnsPerHost: 8, DisableCompression: true}
	context.AfterFunc(ctx, connections.CloseIdleConnections)
	return &InitiatorClient{"http://" + net.JoinHostPort(addr, port), token, t.ID, &http.Client{Transport: connections}}, nil
}

// ChildTask is a task to be submitted. Only Pool is needed.
type ChildTask struct {
	Pool string // "POOL" or "POOL.METHOD"
	Data any    // to be written as JSON; nil = null
	// Key makes one task of all submits with it. Without one, the next attempt
	// at this task submits new children beside those of the attempt before.
	Key      string
	Unique   string // at most one live task of the pool under this key
	Priority *int   // 0–9, higher first; nil = 5
	Delay    time.Duration
	Timeout  time.Duration // of one attempt; 0 = as the pool says
	Attempts int           // 0 = as the pool says
}

// TaskRecord is what is known of a task.
type TaskRecord struct {
	ID      string          `json:"id"`
	Pool    string          `json:"pool"`
	Method  string          `json:"method"`
	Key     string          `json:"key"`
	Parent  string          `json:"parent"`
	State   string          `json:"state"` // queued, running, completed, failed, cancelled or dead
	Reason  string          `json:"reason"`
	Attempt int             `json:"attempt"`
	Result  json.RawMessage `json:"result"`
	Known   bool            `json:"known"` // of a submit: the task was there already
}

// HasEnded says whether the record is final.
func (r TaskRecord) HasEnded() bool { return r.State != "queued" && r.State != "running" }

// Submit queues a child and returns its record once it is kept. It is tried
// until that is so or ctx ends, and is one task however often it had to be.
func (c *InitiatorClient) Submit(ctx context.Context, child ChildTask) (TaskRecord, error) {
	body := map[string]any{"pool": child.Pool, "data": child.Data}
	add := func(name string, value any, given bool) {
		if given {
			body[name] = value
		}
	}
	add("parent", c.parent, c.parent != "")
	add("key", child.Key, child.Key != "")
	add("id", uuid.NewString(), child.Key == "")
	add("unique", child.Unique, child.Unique != "")
	add("priority", child.Priority, child.Priority != nil)
	add("delay", child.Delay.Seconds(), child.Delay > 0)
	add("timeout", child.Timeout.Seconds(), child.Timeout > 0)
	add("attempts", child.Attempts, child.Attempts > 0)
	return c.sendRequest(ctx, http.MethodPost, "", body)
}

// Get returns the record of a task as it is now.
func (c *InitiatorClient) Get(ctx context.Context, id string) (TaskRecord, error) {
	return c.sendRequest(ctx, http.MethodGet, "/"+id, nil)
}

// Wait returns the record of a task when it has ended, however it did.
func (c *InitiatorClient) Wait(ctx context.Context, id string) (TaskRecord, error) {
	for {
		r, err := c.sendRequest(ctx, http.MethodGet, "/"+id+"?wait=60s", nil)
		if err != nil || r.HasEnded() {
			return r, err
		}
	}
}

// Pauses between two tries to reach the initiator, which may be on its way to
// be another program.
const (
	insidePause    = 50 * time.Millisecond
	insidePauseMax = time.Second
	insideLimit    = 256 << 20 // bytes of the largest answer
)

// sendRequest tries until there is an answer that is not a passing one.
func (c *InitiatorClient) sendRequest(ctx context.Context, method, path string, body any) (r TaskRecord, err error) {
	var payload []byte
	if body != nil {
		if payload, err = json.Marshal(body); err != nil {
			return r, fmt.Errorf("write the task: %w", err)
		}
	}
	for pause := insidePause; ; pause = min(2*pause, insidePauseMax) {
		passing, err := c.attemptRequest(ctx, method, path, payload, &r)
		if !passing || err == nil {
			return r, err
		}
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return r, fmt.Errorf("%w; last: %w", context.Cause(ctx), err)
		}
	}
}

func (c *InitiatorClient) attemptRequest(ctx context.Context, method, path string, payload []byte, r *TaskRecord) (passing bool, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1/tasks"+path, bytes.NewReader(payload))
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return true, err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	data, err := io.ReadAll(io.LimitReader(res.Body, insideLimit))
	if err != nil {
		return true, err
	}
	if res.StatusCode >= 300 {
		var e proactor.Envelope
		if json.Unmarshal(data, &e) != nil || e.Message == "" {
			e.Message = "it answered " + res.Status
		}
		again := res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusTooManyRequests
		return again, fmt.Errorf("ask the initiator: %s", e.Message)
	}
	if err := json.Unmarshal(data, r); err != nil {
		return false, fmt.Errorf("read the initiator's answer: %w", err)
	}
	return false, nil
}
