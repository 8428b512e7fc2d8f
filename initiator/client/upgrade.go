package client

import (
	"context"
	"net/http"
)

// Upgrade has the initiator become another program; "" is the file of the
// running one. It returns the next program's version and the generation of the
// one that answered: Status shows a higher one when the next has come up, or
// why it was taken back.
func (c *Client) Upgrade(ctx context.Context, binary string) (version string, generation int, err error) {
	var got struct {
		Version    string `json:"version"`
		Generation int    `json:"generation"`
	}
	err = c.requestJSON(ctx, http.MethodPost, "/upgrade", nil, map[string]string{"binary": binary}, &got)
	return got.Version, got.Generation, err
}
