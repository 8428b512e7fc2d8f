package client

import (
	"context"
	"net/http"

	"initiator/initiator/report"
)

// Status describes the initiator, its workers and the numbers of its tasks.
func (c *Client) Status(ctx context.Context) (report.Status, error) {
	var s report.Status
	return s, c.requestJSON(ctx, http.MethodGet, "/status", nil, nil, &s)
}

// Changes compares the initiator's INI file as it is now with the running workers.
// Nothing is changed. The status of an *Error is 422 for a file with faults.
func (c *Client) Changes(ctx context.Context) (report.Changes, error) {
	var got report.Changes
	return got, c.requestJSON(ctx, http.MethodGet, "/plan", nil, nil, &got)
}

// Reload applies the initiator's INI file to the running workers, and returns what
// has changed once the new and changed workers are ready. The error is a
// *PartialError when workers do not become ready. It is an *Error with status 422,
// and nothing is changed, for a file with faults.
func (c *Client) Reload(ctx context.Context) (report.Changes, error) {
	var got struct {
		report.Changes
		Error string `json:"error"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/reload", nil, struct{}{}, &got)
	return got.Changes, newPartialError(err, got.Error)
}

// Upgrade replaces the running initiator by another program, without a stop of its
// workers. An empty binary stands for the file of the running program. It returns
// the next program's version, and the generation of the initiator that answered.
// The upgrade has succeeded when Status shows a higher generation; otherwise Status
// says why it was aborted.
func (c *Client) Upgrade(ctx context.Context, binary string) (version string, generation int, err error) {
	var got struct {
		Version    string `json:"version"`
		Generation int    `json:"generation"`
	}
	err = c.requestJSON(ctx, http.MethodPost, "/upgrade", nil, map[string]string{"binary": binary}, &got)
	return got.Version, got.Generation, err
}

// RotateToken replaces the token of the API on TCP. The new token is in the file
// `token` of the state directory; requests and streams with the old token end.
func (c *Client) RotateToken(ctx context.Context) error {
	return c.requestJSON(ctx, http.MethodPost, "/token/rotate", nil, struct{}{}, nil)
}

// Shutdown begins the end of the initiator: its workers may end their tasks, or
// with kill they are killed at once. It returns when the initiator has accepted
// the order. The socket stops answering when the initiator has ended.
func (c *Client) Shutdown(ctx context.Context, kill bool) error {
	return c.requestJSON(ctx, http.MethodPost, "/shutdown", nil, map[string]bool{"kill": kill}, nil)
}
