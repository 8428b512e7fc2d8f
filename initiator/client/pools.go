package client

import (
	"context"
	"net/http"

	"initiator/initiator/task"
	"initiator/internal/api"
)

type poolsAnswer struct {
	Pools []api.Pool `json:"pools"`
}

// Pools tells of each pool whether it rests, and how many tasks it has.
func (c *Client) Pools(ctx context.Context) ([]api.Pool, error) {
	var got poolsAnswer
	err := c.requestJSON(ctx, http.MethodGet, "/pools", nil, nil, &got)
	return got.Pools, err
}

// Pause lets pools rest by name, or "all", and returns all as they are then:
// they take tasks, and give none to their workers until Resume.
func (c *Client) Pause(ctx context.Context, names ...string) ([]api.Pool, error) {
	return c.changePools(ctx, "pause", names)
}

// Resume ends a Pause.
func (c *Client) Resume(ctx context.Context, names ...string) ([]api.Pool, error) {
	return c.changePools(ctx, "resume", names)
}

func (c *Client) changePools(ctx context.Context, verb string, names []string) ([]api.Pool, error) {
	var got poolsAnswer
	err := c.requestJSON(ctx, http.MethodPost, "/pools/"+verb, nil, map[string]any{"names": names}, &got)
	return got.Pools, err
}

// RetryAll queues all tasks of a pool ("" = of every one) again that are in
// that state: dead, failed or cancelled. It returns how many.
func (c *Client) RetryAll(ctx context.Context, pool string, state task.State) (int, error) {
	var got struct {
		Retried int `json:"retried"`
	}
	err := c.requestJSON(ctx, http.MethodPost, "/tasks/retry", nil, map[string]any{"pool": pool, "state": state}, &got)
	return got.Retried, err
}
