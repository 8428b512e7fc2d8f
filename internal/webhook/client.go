package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"initiator/internal/bounds"
	"initiator/proactor"
)

// Limits of a [Client] that names none of its own.
const (
	// DefaultTimeout is one whole exchange of a Client.
	DefaultTimeout = 10 * time.Second
	// DefaultLimit is the size of a body, in bytes, in either direction.
	DefaultLimit = bounds.Body
)

// Client calls the webhooks of one peer. It never repeats a request: whether a
// repetition is safe, and when, only the caller knows. It follows no redirect,
// because that would carry a token to another place, and asks no proxy. The
// fields must not change while it is in use; it may be used by many goroutines.
type Client struct {
	// Base is the peer's URL, such as http://127.0.0.1:7235, without a
	// slash at its end.
	Base string
	// Channel is sent in every request.
	Channel int
	// Bearer, when not empty, is sent as Authorization: Bearer.
	Bearer string
	// HTTP does the exchange; nil is one client shared by all.
	HTTP *http.Client
	// Timeout bounds an exchange beside the caller's context; 0 means
	// DefaultTimeout where the context has no deadline, and else none.
	Timeout time.Duration
	// Limit is the largest answer taken, in bytes; 0 = DefaultLimit.
	Limit int64
}

// NewHTTPClient returns an HTTP client with the habits that [Client] promises: no
// proxy, no redirects, bounded headers and dials. It keeps up to idle
// connections to each peer open; where fewer are kept than are used at a
// time, each further request has to dial.
func NewHTTPClient(idle int) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			MaxIdleConnsPerHost:    idle,
			IdleConnTimeout:        90 * time.Second,
			DisableCompression:     true,
			MaxResponseHeaderBytes: bounds.RequestHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var shared = NewHTTPClient(64)

// EnvelopeError is the error for a peer that answered, but not in the envelope:
// most likely another program, or the error page of a web framework.
type EnvelopeError struct {
	Status  int    // of HTTP
	Problem string // what is wrong with the answer
	// OverLimit says that the answer is longer than the client's Limit, or nested
	// deeper than bounds.Nesting: the same request would be answered so again.
	OverLimit bool
}

// Error says what was answered instead.
func (e *EnvelopeError) Error() string {
	return fmt.Sprintf("the answer (HTTP %d) is not a webhook envelope: %s", e.Status, e.Problem)
}

// Do sends one request and returns the answer's envelope and HTTP status. The
// body may be nil (none), a json.RawMessage or a [Body], which go out as they
// are, or anything that json.Marshal takes. A refusal is no error: look at the
// envelope's code. An error is a transport fault or a *[EnvelopeError]; after a
// transport fault the request may or may not have been processed.
func (c *Client) Do(ctx context.Context, method, path, token string, body any) (proactor.Envelope, int, error) {
	ctx, cancel := c.withTimeout(ctx)
	defer cancel()
	req, err := c.newRequest(ctx, method, path, token, body)
	if err != nil {
		return proactor.Envelope{}, 0, fmt.Errorf("%s %s%s: %w", method, c.Base, path, err)
	}
	envelope, status, err := c.exchange(req)
	if err != nil {
		return proactor.Envelope{}, status, fmt.Errorf("%s %s%s: %w", method, c.Base, path, unwrapURLError(err))
	}
	return envelope, status, nil
}

func (c *Client) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Timeout > 0 {
		return context.WithTimeout(ctx, c.Timeout)
	}
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, DefaultTimeout)
}

func (c *Client) newRequest(ctx context.Context, method, path, token string, body any) (*http.Request, error) {
	payload, err := marshalJSON(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	req.Header[proactor.HeaderChannel] = []string{strconv.Itoa(c.Channel)}
	if token != "" {
		req.Header[proactor.HeaderToken] = []string{token}
	}
	if c.Bearer != "" {
		req.Header["Authorization"] = []string{"Bearer " + c.Bearer}
	}
	if len(payload) > 0 {
		req.Header["Content-Type"] = []string{"application/json"}
	}
	return req, nil
}

func (c *Client) exchange(req *http.Request) (proactor.Envelope, int, error) {
	client := c.HTTP
	if client == nil {
		client = shared
	}
	res, err := sendRequest(client, req)
	if err != nil {
		return proactor.Envelope{}, 0, err
	}
	defer res.Body.Close()
	limit := c.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	data, err := readAll(io.LimitReader(res.Body, limit+1), res.ContentLength)
	if err != nil {
		return proactor.Envelope{}, res.StatusCode, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(data)) > limit {
		return proactor.Envelope{}, res.StatusCode, &EnvelopeError{Status: res.StatusCode, Problem: "it is longer than " + sizeText(limit), OverLimit: true}
	}
	envelope, err := parseEnvelope(data, res.StatusCode)
	return envelope, res.StatusCode, err
}

// sendRequest does without the part of an http.Client that follows redirects and keeps
// cookies, where the client has no habits of its own.
func sendRequest(client *http.Client, req *http.Request) (*http.Response, error) {
	if client.Transport == nil || client.Timeout != 0 || client.Jar != nil {
		return client.Do(req)
	}
	return client.Transport.RoundTrip(req)
}

// parseEnvelope demands the member code: without that check any JSON object,
// such as a stranger's {"status":"up"}, would read as success.
func parseEnvelope(data []byte, status int) (proactor.Envelope, error) {
	if e, ok := jsonScan(data).readEnvelope(); ok {
		return withoutNullData(e), nil
	}
	var e struct {
		Success bool            `json:"success"`
		Code    *int            `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		if deep := bounds.CheckNesting(data); deep != nil {
			return proactor.Envelope{}, &EnvelopeError{Status: status, Problem: deep.Error(), OverLimit: true}
		}
		return proactor.Envelope{}, &EnvelopeError{Status: status, Problem: fmt.Sprintf("%v; it begins %.60q", err, data)}
	}
	if e.Code == nil {
		return proactor.Envelope{}, &EnvelopeError{Status: status, Problem: "it has no code"}
	}
	return withoutNullData(proactor.Envelope{Success: e.Success, Code: *e.Code, Message: e.Message, Data: e.Data}), nil
}

// withoutNullData returns the envelope with nil in place of data that is null.
func withoutNullData(e proactor.Envelope) proactor.Envelope {
	if string(e.Data) == "null" {
		e.Data = nil
	}
	return e
}

// unwrapURLError takes off net/http's own wrapping, which repeats method and URL.
func unwrapURLError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
