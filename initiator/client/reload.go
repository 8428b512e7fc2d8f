package client

import (
	"context"
	"net/http"

	"initiator/internal/api"
	"initiator/internal/supervise"
)

// PartialError says that a request was carried out, and what of it is not as it was
// asked to be.
type PartialError struct{ Message string }

// Error returns the message: a line for each worker.
func (e *PartialError) Error() string { return e.Message }

// newPartialError makes an error of what an answer says beside its result.
func newPartialError(err error, message string) error {
	if err == nil && message != "" {
		return &PartialError{message}
	}
	return err
}

// Changes compares the initiator's file with what runs. The status of an
// *Error is 422 for a file with faults.
func (c *Client) Changes(ctx context.Context) (api.Changes, error) {
	var got api.Changes
	return got, c.requestJSON(ctx, http.MethodGet, "/plan", nil, nil, &got)
}

// Reload makes what runs be what the file says, and returns what that was. The
// error is a *Partly when workers do not come up, and an *Error with status
// 422 for a file with faults: then nothing has changed.
func (c *Client) Reload(ctx context.Context) (api.Changes, error) {
	var got struct {
		api.Changes
		Error string `json:"error"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/reload", nil, struct{}{}, &got)
	return got.Changes, newPartialError(err, got.Error)
}

// Scale makes a definition have n workers and returns those of all when they
// are ready. The error is a *Partly when one does not come up.
func (c *Client) Scale(ctx context.Context, name string, n int) ([]supervise.Worker, error) {
	var got struct {
		Workers []supervise.Worker `json:"workers"`
		Error   string             `json:"error"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/workers/"+name+"/scale", nil, map[string]int{"replicas": n}, &got)
	return got.Workers, newPartialError(err, got.Error)
}

// Signal sends a signal (HUP, SIGHUP or 1) to the process groups of workers.
func (c *Client) Signal(ctx context.Context, signal string, names ...string) error {
	body := map[string]any{"names": names, "signal": signal}
	return c.requestJSON(ctx, http.MethodPost, "/workers/signal", nil, body, nil)
}

// Why explains workers, by definition, group or guid.
func (c *Client) Why(ctx context.Context, name string) ([]supervise.Explanation, error) {
	var got struct {
		Answers []supervise.Explanation `json:"answers"`
	}
	err := c.requestJSON(ctx, http.MethodGet, "/workers/"+name+"/why", nil, nil, &got)
	return got.Answers, err
}

// Reopen has all log files opened anew by their names.
func (c *Client) Reopen(ctx context.Context) error {
	return c.requestJSON(ctx, http.MethodPost, "/logs/reopen", nil, struct{}{}, nil)
}
