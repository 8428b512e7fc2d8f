package client

import (
	"context"
	"net/http"

	"initiator/internal/api"
	"initiator/internal/supervise"
)

// Status describes the initiator, its workers and the numbers of its tasks.
func (c *Client) Status(ctx context.Context) (api.Status, error) {
	var s api.Status
	return s, c.requestJSON(ctx, http.MethodGet, "/status", nil, nil, &s)
}

// Workers returns what is known of every worker.
func (c *Client) Workers(ctx context.Context) ([]supervise.Worker, error) {
	var got struct {
		Workers []supervise.Worker `json:"workers"`
	}
	err := c.requestJSON(ctx, http.MethodGet, "/workers", nil, nil, &got)
	return got.Workers, err
}

// Launch starts one more worker of a definition and returns when it is ready.
// An empty guid makes a new one.
func (c *Client) Launch(ctx context.Context, module, guid string) (supervise.Worker, error) {
	var w supervise.Worker
	body := map[string]string{"module": module, "guid": guid}
	return w, c.requestJSON(ctx, http.MethodPost, "/workers", nil, body, &w)
}

// Start starts workers by definition, guid or "all", and returns when they are up.
func (c *Client) Start(ctx context.Context, names ...string) ([]supervise.Result, error) {
	return c.orderWorkers(ctx, "start", names)
}

// Stop stops workers, and returns when nothing of them is left.
func (c *Client) Stop(ctx context.Context, names ...string) ([]supervise.Result, error) {
	return c.orderWorkers(ctx, "stop", names)
}

// Restart gives workers new processes, and returns when those are up.
func (c *Client) Restart(ctx context.Context, names ...string) ([]supervise.Result, error) {
	return c.orderWorkers(ctx, "restart", names)
}

// Clear removes the files with what workers have written, but not those that
// were rotated away before.
func (c *Client) Clear(ctx context.Context, names ...string) ([]supervise.Result, error) {
	return c.orderWorkers(ctx, "clear", names)
}

// RestartRolling restarts one worker at a time, each ready before the next. It
// ends at the first that does not come up; the error is then a *Partly.
func (c *Client) RestartRolling(ctx context.Context, names ...string) ([]supervise.Result, error) {
	return c.sendOrder(ctx, "restart", map[string]any{"names": names, "rolling": true})
}

func (c *Client) orderWorkers(ctx context.Context, verb string, names []string) ([]supervise.Result, error) {
	return c.sendOrder(ctx, verb, map[string]any{"names": names})
}

func (c *Client) sendOrder(ctx context.Context, verb string, body any) ([]supervise.Result, error) {
	var got struct {
		Results []supervise.Result `json:"results"`
		Error   string             `json:"error"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/workers/"+verb, nil, body, &got)
	return got.Results, newPartialError(err, got.Error)
}

// Shutdown begins the end of the initiator: politely, or with kill at once. It
// returns when the order was taken, not when it has been carried out.
func (c *Client) Shutdown(ctx context.Context, kill bool) error {
	return c.requestJSON(ctx, http.MethodPost, "/shutdown", nil, map[string]bool{"kill": kill}, nil)
}
