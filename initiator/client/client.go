package client

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"

	"initiator/internal/apiheader"
)

// Client speaks to one initiator. Many goroutines may use it. Close it when it is
// not needed any more. The zero value cannot be used; see Unix.
type Client struct {
	socket  string
	http    *http.Client
	outage  outage
	silence silence
	shared  sharedStream // for Call and Cancel

	notifyConfig func(path string) // nil = none
	configNoted  sync.Once
}

// NotifyConfig sets a function that is called once, with the path of the INI of the
// initiator that answers, when an answer names the INI. The function must not use the
// client.
func NotifyConfig(f func(path string)) Option { return func(c *Client) { c.notifyConfig = f } }

// noteConfig calls the function of NotifyConfig.
func (c *Client) noteConfig(res *http.Response) {
	path, err := url.PathUnescape(res.Header.Get(apiheader.Config))
	if c.notifyConfig != nil && err == nil && path != "" {
		c.configNoted.Do(func() { c.notifyConfig(path) })
	}
}

// maxIdleConns is the number of connections that stay open between requests: one
// for a wait, one for a stream of events, two for other requests.
const maxIdleConns = 4

// Unix returns a client for the initiator that listens on the unix socket with
// this path. The socket need not exist yet: the first request dials it.
func Unix(socket string, options ...Option) *Client {
	c := &Client{socket: socket}
	c.outage.limit = DefaultReconnect
	for _, set := range options {
		set(c)
	}
	c.http = &http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
		MaxIdleConnsPerHost: maxIdleConns,
		DisableCompression:  true,
	}}
	return c
}

// Socket returns the path that was given to Unix.
func (c *Client) Socket() string { return c.socket }

// Close drops the idle connections and ends the stream that Call uses. Calls that
// wait on it return ErrClosed, wrapped; later calls return ErrClosed. Requests
// over HTTP are not affected. Close may be called more than once.
func (c *Client) Close() {
	c.shared.closeForever()
	c.http.CloseIdleConnections()
}
