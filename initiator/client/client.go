package client

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

	"initiator/proactor"
)

// answerLimit is the largest answer taken that is read as a whole, in bytes.
const answerLimit = 256 << 20

// Client speaks to one initiator. It may be used by many goroutines. Close it
// when it is not needed any more.
type Client struct {
	socket string
	http   *http.Client
	shared sharedStream // the stream of Call and Cancel
}

// Unix returns a client for the initiator that listens on a unix socket.
// Nothing is dialled before the first request.
func Unix(socket string) *Client {
	return &Client{socket: socket, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, socket) },
		// One for a wait, one for a stream, one to ask with.
		MaxIdleConnsPerHost: 4,
		DisableCompression:  true,
	}}}
}

// Socket is the path that the client was made with.
func (c *Client) Socket() string { return c.socket }

// Close drops the idle connections and ends the stream of Call, with those that
// still wait on it.
func (c *Client) Close() {
	c.shared.closeForever()
	c.http.CloseIdleConnections()
}

// Error is a refusal that the initiator has answered.
type Error struct {
	Status  int    // of HTTP
	Code    int    // of the envelope; 0 when there was none
	Message string // for people; says what to do
	// RetryAfter is how long to wait before asking again; 0 = not said.
	RetryAfter time.Duration
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Is makes errors.Is(err, &Error{Status: 404}) ask for the status alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Status == e.Status && (t.Code == 0 || t.Code == e.Code)
}

// requestJSON sends a body (nil = none) and decodes the answer into out (nil = drop
// it). Errors: *Unreachable, *Error, ctx's own, or a broken connection.
func (c *Client) requestJSON(ctx context.Context, method, path string, query url.Values, body, out any) error {
	res, err := c.openResponse(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return explainFailure(ctx, method, path, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// openResponse sends a request and returns the answer when it is a success.
func (c *Client) openResponse(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	req, err := newRequest(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, explainFailure(ctx, method, path, err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, readRefusal(res)
	}
	return res, nil
}

func newRequest(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	var payload io.Reader
	if body != nil {
		var data bytes.Buffer
		out := json.NewEncoder(&data)
		out.SetEscapeHTML(false) // what the caller wrote is what the worker gets
		if err := out.Encode(body); err != nil {
			return nil, fmt.Errorf("write the request %s %s: %w", method, path, err)
		}
		payload = &data
	}
	target := url.URL{Scheme: "http", Host: "initiator", Path: "/api/v1" + path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), payload)
	if err != nil {
		return nil, fmt.Errorf("write the request %s %s: %w", method, path, err)
	}
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// refusalLimit is how much of a refusal is read, in bytes.
const refusalLimit = 1 << 20

// readRefusal reads the envelope of a fault.
func readRefusal(res *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(res.Body, refusalLimit))
	var e proactor.Envelope
	if err != nil || json.Unmarshal(data, &e) != nil || e.Message == "" {
		return &Error{Status: res.StatusCode, Message: fmt.Sprintf("answered %s, and not in the envelope of an initiator: %.60q", res.Status, data)}
	}
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // not said: 0
	return &Error{Status: res.StatusCode, Code: e.Code, Message: e.Message, RetryAfter: time.Duration(seconds) * time.Second}
}

// explainFailure says what broke a request off. Where it was the caller's own context,
// or nobody answers at all, the request does not matter; else net/http's own
// wrapping is replaced, because it shows a URL that exists for nobody.
func explainFailure(ctx context.Context, method, path string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var gone *UnreachableError
	if errors.As(err, &gone) {
		return gone
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s %s: the initiator has broken off: %w", method, path, err)
}
