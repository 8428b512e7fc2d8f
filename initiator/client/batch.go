package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"initiator/initiator/task"
)

// BatchLineResult is what became of one of many submits: its record, or Err, an
// *Error as Submit has it.
type BatchLineResult struct {
	Task task.Task
	Err  error
}

// SubmitMany queues many tasks in one request. Every one has its own verdict,
// in their order. With an error, the verdicts are those that came before it,
// and of the others nobody knows: submitting them again is safe where they
// have an ID or a Key.
func (c *Client) SubmitMany(ctx context.Context, requests []task.Request) ([]BatchLineResult, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	var lines bytes.Buffer
	out := json.NewEncoder(&lines)
	out.SetEscapeHTML(false)
	for _, r := range requests {
		if err := out.Encode(r); err != nil {
			return nil, fmt.Errorf("write the request POST /tasks: %w", err)
		}
	}
	return c.postLines(ctx, "/tasks", &lines, len(requests))
}

// postLines posts n lines, and reads as many verdicts.
func (c *Client) postLines(ctx context.Context, path string, lines io.Reader, n int) ([]BatchLineResult, error) {
	target := url.URL{Scheme: "http", Host: "initiator", Path: "/api/v1" + path}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), lines)
	if err != nil {
		return nil, fmt.Errorf("write the request POST %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, explainFailure(ctx, http.MethodPost, path, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return nil, readRefusal(res)
	}
	all, err := readLineResults(res.Body, n)
	if err != nil {
		err = explainFailure(ctx, http.MethodPost, path, err)
	}
	return all, err
}

// readLineResults reads n verdicts and the end of the answer, so that its
// connection can be used again.
func readLineResults(from io.Reader, n int) ([]BatchLineResult, error) {
	in := bufio.NewReader(from)
	all := make([]BatchLineResult, 0, n)
	for range n {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return all, err
		}
		v, err := parseLineResult(line)
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	_, err := io.Copy(io.Discard, in)
	return all, err
}

// parseLineResult reads a record, or the envelope of a fault: only that has success.
func parseLineResult(line []byte) (v BatchLineResult, err error) {
	var fault struct {
		Success *bool
		Code    int
		Message string
		Data    json.RawMessage
	}
	if err := json.Unmarshal(line, &fault); err != nil {
		return v, err
	}
	if fault.Success == nil {
		return v, json.Unmarshal(line, &v.Task)
	}
	var about struct{ Status int }
	if err := json.Unmarshal(fault.Data, &about); err != nil {
		return v, err
	}
	v.Err = &Error{Status: about.Status, Code: fault.Code, Message: fault.Message}
	return v, nil
}
