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

	"initiator/internal/bounds"
	"initiator/proactor"
)

// InitiatorClient submits tasks from inside a handler. They become children of
// the handler's task: when that task is cancelled, its children are cancelled
// too.
type InitiatorClient struct {
	base   string
	token  string // the worker's own token
	parent string // id of the handler's task; "" outside a task
	http   *http.Client
}

// NewInitiatorClient returns a client of the initiator that launched this
// worker. ctx is the context of a handler or a hook; the client works until
// ctx ends. It returns an error when the worker does not know the initiator's
// address, because it was started by hand or by another master.
//
// A handler that waits for its children holds its slot meanwhile. Submit
// children to another pool, or configure more slots than there can be such
// parents. Otherwise every slot may be held by a task that waits for a slot.
func NewInitiatorClient(ctx context.Context) (*InitiatorClient, error) {
	addr, _ := Setting(ctx, "parent_addr")
	port, _ := Setting(ctx, "parent_port")
	token, _ := Setting(ctx, "token")
	if addr == "" || port == "" || token == "" {
		return nil, errors.New("find the initiator: this worker was not launched by an initiator; use `initiator up`, or `initiator run`")
	}
	t, _ := TaskOf(ctx)
	connections := &http.Transport{MaxIdleConnsPerHost: 8, DisableCompression: true}
	context.AfterFunc(ctx, connections.CloseIdleConnections)
	return &InitiatorClient{"http://" + net.JoinHostPort(addr, port), token, t.ID, &http.Client{Transport: connections}}, nil
}

// ChildTask describes a task to submit. Only Pool must be set.
type ChildTask struct {
	Pool string // "POOL" or "POOL.METHOD"
	Data any    // marshalled to JSON; nil = null
	// Key makes all submits with the same key one task. Without a key, the
	// next attempt at the parent submits new children beside the children of
	// the earlier attempt.
	Key      string
	Unique   string // at most one unfinished task of the pool has this key
	Priority *int   // 0–9, higher first; nil = 5
	Delay    time.Duration
	Timeout  time.Duration // of one attempt; 0 = the pool's timeout
	Attempts int           // 0 = the pool's number of attempts
	// AtMostOnce forbids a second attempt once an attempt has reached a worker;
	// false = as the pool says.
	AtMostOnce bool
}

// TaskRecord is the state of a task.
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
	Known   bool            `json:"known"` // in the answer to Submit: the task existed already
}

// HasEnded reports whether the state is final.
func (r TaskRecord) HasEnded() bool { return r.State != "queued" && r.State != "running" }

// Submit queues a child task and returns its record as soon as the initiator
// has stored it. It repeats the request until it succeeds or ctx ends.
// Repeated requests submit one task.
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
	add("at_most_once", true, child.AtMostOnce)
	return c.sendRequest(ctx, http.MethodPost, "", body)
}

// Get returns the current record of a task.
func (c *InitiatorClient) Get(ctx context.Context, id string) (TaskRecord, error) {
	return c.sendRequest(ctx, http.MethodGet, "/"+id, nil)
}

// Wait waits until a task has ended, in whatever state, and returns its
// record.
func (c *InitiatorClient) Wait(ctx context.Context, id string) (TaskRecord, error) {
	for {
		r, err := c.sendRequest(ctx, http.MethodGet, "/"+id+"?wait=60s", nil)
		if err != nil || r.HasEnded() {
			return r, err
		}
	}
}

// The pauses between two attempts to reach the initiator, which may be in the
// middle of an upgrade.
const (
	firstRetryPause   = 50 * time.Millisecond
	longestRetryPause = time.Second
	answerLimit       = bounds.Answer // bytes of the largest answer
)

// sendRequest repeats a request until the answer is final.
func (c *InitiatorClient) sendRequest(ctx context.Context, method, path string, body any) (r TaskRecord, err error) {
	var payload []byte
	if body != nil {
		if payload, err = json.Marshal(body); err != nil {
			return r, fmt.Errorf("write the task: %w", err)
		}
	}
	for pause := firstRetryPause; ; pause = min(2*pause, longestRetryPause) {
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
	defer func() { _ = res.Body.Close() }() // the body was read
	data, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
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
