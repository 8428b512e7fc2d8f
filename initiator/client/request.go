package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/proactor"
)

const (
	// answerLimit is the largest answer that requestJSON reads, in bytes.
	answerLimit = bounds.Answer
	// refusalLimit is how much of a refusal is read, in bytes.
	refusalLimit = bounds.Refusal
)

// requestJSON sends a body (nil = none) and decodes the answer into out (nil =
// drop it). Errors: *UnreachableError, *Error, the context's cause, or a broken
// connection.
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

// openResponse sends a request and returns the answer when its status says
// success. The caller closes its body. It fails as requestJSON does.
func (c *Client) openResponse(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	var payload io.Reader
	if body != nil {
		var data bytes.Buffer
		if err := newEncoder(&data).Encode(body); err != nil {
			return nil, invalidRequest(method, path, err)
		}
		payload = &data
	}
	return c.sendHTTP(ctx, method, path, query, payload, "application/json")
}

// sendHTTP sends a request with a payload that is encoded already; nil = none.
func (c *Client) sendHTTP(ctx context.Context, method, path string, query url.Values, payload io.Reader, contentType string) (*http.Response, error) {
	if c.closing.Err() != nil {
		return nil, ErrClosed
	}
	target := c.base
	target.Path, target.RawQuery = "/api/v1"+path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, target.String(), payload)
	if err != nil {
		return nil, fmt.Errorf("write the request %s %s: %w", method, path, err)
	}
	c.authorize(req.Header)
	req.Header.Set("TE", "trailers") // an answer with logs then tells its errors apart from the lines
	if payload != nil {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.doWatched(req)
	if err != nil {
		return nil, explainFailure(ctx, method, path, err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, readRefusal(res)
	}
	return res, nil
}

// invalidRequest returns the error of a request that cannot be written as JSON.
func invalidRequest(method, path string, err error) error {
	return fmt.Errorf("write the request %s %s: %w: %w", method, path, task.ErrInvalid, err)
}

// newEncoder returns an encoder that does not escape <, > and &: the worker gets
// the data as the caller wrote it.
func newEncoder(to io.Writer) *json.Encoder {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	return out
}

// readRefusal reads the envelope of a refusal. An answer without one comes from
// another program; the error shows its beginning.
func readRefusal(res *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(res.Body, refusalLimit))
	var e proactor.Envelope
	if err != nil || json.Unmarshal(data, &e) != nil || e.Message == "" {
		return &Error{Status: res.StatusCode, Message: fmt.Sprintf("answered %s, and not in the envelope of an initiator: %.60q", res.Status, data)}
	}
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // no header: 0
	return &Error{Status: res.StatusCode, Code: e.Code, Message: e.Message, RetryAfter: time.Duration(seconds) * time.Second}
}

// explainFailure returns the error of a request that got no whole answer. When
// the caller's context has ended, or the socket cannot be reached, it is that
// error alone: the request is not the reason. The wrapping of net/http is removed,
// because it shows a URL that does not exist.
func explainFailure(ctx context.Context, method, path string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, ErrClosed) {
		return ErrClosed
	}
	if refused := (*notConnectedError)(nil); errors.As(err, &refused) {
		return refused.err
	}
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) {
		return unreachable
	}
	var silent *SilentError
	if errors.As(err, &silent) {
		return silent
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &brokenConnError{method + " " + path, err}
}
