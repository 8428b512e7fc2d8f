package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/google/uuid"

	"initiator/internal/apiheader"
)

// Client speaks to one initiator. Many goroutines may use it. Close it when it is
// not needed any more. The zero value cannot be used; see New, HTTP and FromContext.
type Client struct {
	socket string // the path of the unix socket; "" = over TCP
	base   url.URL
	token  string    // over TCP
	parent uuid.UUID // of the tasks that are submitted, unless they name another; zero = none
	http   *http.Client

	outage        outage
	silence       silence
	shared        sharedStream // for Call and Cancel
	beforeConnect func(ctx context.Context) error

	closing context.Context // ends with Close; its cause is ErrClosed
	close   context.CancelCauseFunc

	notifyConfig func(path string) // nil = none
	configNoted  sync.Once
}

// Option changes a client while New or HTTP makes it.
type Option func(*Client)

// maxIdleConns is the number of connections that stay open between requests: one
// for a wait, one for a stream of events, two for other requests.
const maxIdleConns = 4

// New returns a client for the initiator that listens on the unix socket with
// this path. The socket need not exist yet: the first request dials it. The
// permissions of the socket decide who may connect.
func New(socket string, options ...Option) *Client {
	return newClient(&Client{socket: socket, base: url.URL{Scheme: "http", Host: "initiator"}}, options)
}

// HTTP returns a client for an initiator that listens on TCP, with its URL, for
// example "http://127.0.0.1:7237", and its token. The error of a URL that cannot be
// used is an *UnreachableError of the first request.
func HTTP(address, token string, options ...Option) *Client {
	c := &Client{token: token}
	if base, err := url.Parse(address); err == nil {
		c.base = url.URL{Scheme: base.Scheme, Host: base.Host}
	}
	return newClient(c, options)
}

// newClient completes a client whose address is set.
func newClient(c *Client, options []Option) *Client {
	c.outage.limit = DefaultReconnect
	c.closing, c.close = context.WithCancelCause(context.Background())
	for _, set := range options {
		set(c)
	}
	c.http = &http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
		DialTLSContext:      func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
		MaxIdleConnsPerHost: maxIdleConns,
		DisableCompression:  true,
	}}
	return c
}

// BeforeConnect sets a function that every attempt to connect calls first, for
// example to wait until an initiator in the same process has started. Its error is
// the error of the request, which is not repeated.
func BeforeConnect(f func(ctx context.Context) error) Option {
	return func(c *Client) { c.beforeConnect = f }
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

// Socket returns the path that was given to New; "" for a client over TCP.
func (c *Client) Socket() string { return c.socket }

// authorize adds the token to the header of a request.
func (c *Client) authorize(header http.Header) {
	if c.token != "" {
		header.Set("Authorization", "Bearer "+c.token)
	}
}

// Close ends every request that is under way and closes every connection. The
// requests return ErrClosed, wrapped; so do later calls. Tasks that were submitted go
// on. Close may be called more than once.
func (c *Client) Close() {
	c.close(ErrClosed)
	c.shared.closeForever()
	c.http.CloseIdleConnections()
}

// bindClose returns a context that ends with ctx and with Close, and a function that
// releases it.
func (c *Client) bindClose(ctx context.Context) (bound context.Context, release context.CancelCauseFunc) {
	bound, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.closing, func() { cancel(ErrClosed) })
	return bound, func(cause error) {
		stop()
		cancel(cause)
	}
}

// tlsClient returns a TLS connection over a TCP connection.
func tlsClient(ctx context.Context, nc net.Conn, host string) (net.Conn, error) {
	name, _, _ := net.SplitHostPort(host)
	secure := tls.Client(nc, &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return secure, nil
}
