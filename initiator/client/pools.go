package client

import (
	"context"
	"net/http"

	"initiator/initiator/report"
	"initiator/initiator/task"
)

type poolsAnswer struct {
	Pools []report.Pool `json:"pools"`
}

// Pools returns, for each pool, whether it is paused and how many tasks it has.
func (c *Client) Pools(ctx context.Context) ([]report.Pool, error) {
	var got poolsAnswer
	err := c.requestJSON(ctx, http.MethodGet, "/pools", nil, nil, &got)
	return got.Pools, err
}

// Pause pauses pools by name, or "all", and returns every pool as it is then. A
// paused pool accepts tasks and hands out none, also after a restart of the
// initiator, until Resume; tasks that run go on. The status of an *Error is 404,
// and nothing is changed, when a pool does not exist.
func (c *Client) Pause(ctx context.Context, names ...string) ([]report.Pool, error) {
	return c.changePools(ctx, "pause", names)
}

// Resume ends the pause of pools by name, or "all", and returns every pool as it
// is then. It fails as Pause does.
func (c *Client) Resume(ctx context.Context, names ...string) ([]report.Pool, error) {
	return c.changePools(ctx, "resume", names)
}

func (c *Client) changePools(ctx context.Context, verb string, names []string) ([]report.Pool, error) {
	var got poolsAnswer
	err := c.requestJSON(ctx, http.MethodPost, "/pools/"+verb, nil, map[string]any{"names": names}, &got)
	return got.Pools, err
}

// RetryAll queues again all tasks of a pool that are in a state: dead, failed or
// cancelled. An empty pool stands for all pools. It returns the number of tasks.
func (c *Client) RetryAll(ctx context.Context, pool string, state task.State) (int, error) {
	var got struct {
		Retried int `json:"retried"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/tasks/retry", nil, map[string]any{"pool": pool, "state": state}, &got)
	return got.Retried, err
}
