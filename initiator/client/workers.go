package client

import (
	"context"
	"net/http"

	"initiator/initiator/report"
)

// Workers returns the state of every worker.
func (c *Client) Workers(ctx context.Context) ([]report.Worker, error) {
	var got struct {
		Workers []report.Worker `json:"workers"`
	}
	err := c.requestJSON(ctx, http.MethodGet, "/workers", nil, nil, &got)
	return got.Workers, err
}

// Launch starts one more worker of the definition named module and returns the
// worker when it is ready. An empty guid makes a new guid. The status of an *Error
// is 404 for a definition that does not exist.
func (c *Client) Launch(ctx context.Context, module, guid string) (report.Worker, error) {
	var w report.Worker
	body := map[string]string{"module": module, "guid": guid}
	return w, c.requestJSON(ctx, http.MethodPost, "/workers", nil, body, &w)
}

// Start starts workers by definition, group or guid, or "all", and returns when
// they are ready. Each Result has the error of its worker. The status of an *Error
// is 404 when a name means no worker.
func (c *Client) Start(ctx context.Context, names ...string) ([]report.Result, error) {
	return c.orderWorkers(ctx, "start", names)
}

// Stop stops workers, named as for Start, and returns when they have left no
// process.
func (c *Client) Stop(ctx context.Context, names ...string) ([]report.Result, error) {
	return c.orderWorkers(ctx, "stop", names)
}

// Restart restarts workers, named as for Start, and returns when the new processes
// are ready.
func (c *Client) Restart(ctx context.Context, names ...string) ([]report.Result, error) {
	return c.orderWorkers(ctx, "restart", names)
}

// RestartRolling restarts workers, named as for Start, one at a time: each is
// ready before the next is stopped. It ends at the first worker that does not
// become ready; the error is then a *PartialError.
func (c *Client) RestartRolling(ctx context.Context, names ...string) ([]report.Result, error) {
	return c.sendOrder(ctx, "restart", map[string]any{"names": names, "rolling": true})
}

// RestartOrder returns workers, named as for Start, in the order in which
// RestartRolling restarts them. Nothing is changed.
func (c *Client) RestartOrder(ctx context.Context, names ...string) ([]report.Result, error) {
	return c.sendOrder(ctx, "restart", map[string]any{"names": names, "rolling": true, "dry_run": true})
}

// ReloadWorkers lets workers, named as for Start, read their configuration again,
// by reload_signal or reload_command. Reload applies the INI.
func (c *Client) ReloadWorkers(ctx context.Context, names ...string) ([]report.Result, error) {
	return c.orderWorkers(ctx, "reload", names)
}

// Clear removes the log files of workers, named as for Start, but not the files
// that were rotated away before.
func (c *Client) Clear(ctx context.Context, names ...string) ([]report.Result, error) {
	return c.orderWorkers(ctx, "clear", names)
}

func (c *Client) orderWorkers(ctx context.Context, verb string, names []string) ([]report.Result, error) {
	return c.sendOrder(ctx, verb, map[string]any{"names": names})
}

func (c *Client) sendOrder(ctx context.Context, verb string, body any) ([]report.Result, error) {
	var got struct {
		Results []report.Result `json:"results"`
		Error   string          `json:"error"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/workers/"+verb, nil, body, &got)
	return got.Results, newPartialError(err, got.Error)
}

// Scale starts or stops workers of a definition until there are n, and returns all
// of its workers when they are ready. The number stays until a reload that changes
// `replicas`. The error is a *PartialError when a worker does not become ready.
func (c *Client) Scale(ctx context.Context, name string, n int) ([]report.Worker, error) {
	var got struct {
		Workers []report.Worker `json:"workers"`
		Error   string          `json:"error"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/workers/"+name+"/scale", nil, map[string]int{"replicas": n}, &got)
	return got.Workers, newPartialError(err, got.Error)
}

// Signal sends a signal ("HUP", "SIGHUP" or "1") to workers, named as for Start: to
// the main process of each, or to its process group, as `stopasgroup` of the
// definition says.
func (c *Client) Signal(ctx context.Context, signal string, names ...string) error {
	return c.SignalTo(ctx, report.SignalByRule, signal, names...)
}

// SignalTo sends a signal to workers and chooses whom it reaches. An initiator
// before this version refuses a target.
func (c *Client) SignalTo(ctx context.Context, to report.SignalTarget, signal string, names ...string) error {
	body := map[string]any{"names": names, "signal": signal}
	if to != report.SignalByRule {
		body["to"] = to
	}
	return c.requestJSON(ctx, http.MethodPost, "/workers/signal", nil, body, nil)
}

// Why explains, in a sentence for each worker of a definition, group or guid, why
// the worker is in its state.
func (c *Client) Why(ctx context.Context, name string) ([]report.Explanation, error) {
	var got struct {
		Answers []report.Explanation `json:"answers"`
	}
	err := c.requestJSON(ctx, http.MethodGet, "/workers/"+name+"/why", nil, nil, &got)
	return got.Answers, err
}
