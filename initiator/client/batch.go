package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"initiator/initiator/task"
)

// BatchLineResult is the answer to one task of SubmitMany or ImportTasks: the
// record, or the error, an *Error as Submit returns it.
type BatchLineResult struct {
	Task task.Task
	Err  error
}

// SubmitMany queues many tasks in one request. The results are in the order of the
// requests: a refused task does not affect the rest. With an error the results
// are only the answers that came before it; whether the remaining tasks were taken
// is unknown. Tasks with an ID or a Key can safely be submitted again.
func (c *Client) SubmitMany(ctx context.Context, requests []task.Request) ([]BatchLineResult, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	var lines bytes.Buffer
	out := newEncoder(&lines)
	for _, r := range requests {
		if err := out.Encode(r); err != nil {
			return nil, fmt.Errorf("write the request POST /tasks: %w", err)
		}
	}
	return c.postLines(ctx, "/tasks", &lines, len(requests))
}

// postLines posts n lines, and reads n results.
func (c *Client) postLines(ctx context.Context, path string, lines io.Reader, n int) ([]BatchLineResult, error) {
	res, err := c.sendHTTP(ctx, http.MethodPost, path, nil, lines, "application/x-ndjson")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	results, err := readLineResults(res.Body, n)
	if err != nil {
		err = explainFailure(ctx, http.MethodPost, path, err)
	}
	return results, err
}

// readLineResults reads n results and the end of the answer, so that the
// connection can be used again.
func readLineResults(from io.Reader, n int) ([]BatchLineResult, error) {
	in := bufio.NewReader(from)
	results := make([]BatchLineResult, 0, n)
	for range n {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return results, err
		}
		result, err := parseLineResult(line)
		if err != nil {
			return results, err
		}
		results = append(results, result)
	}
	_, err := io.Copy(io.Discard, in)
	return results, err
}

// parseLineResult reads a record or the envelope of a refusal. Only an envelope
// has the member success.
func parseLineResult(line []byte) (result BatchLineResult, err error) {
	var refusal struct {
		Success *bool
		Code    int
		Message string
		Data    json.RawMessage
	}
	if err := json.Unmarshal(line, &refusal); err != nil {
		return result, err
	}
	if refusal.Success == nil {
		return result, json.Unmarshal(line, &result.Task)
	}
	var about struct{ Status int }
	if err := json.Unmarshal(refusal.Data, &about); err != nil {
		return result, err
	}
	result.Err = &Error{Status: about.Status, Code: refusal.Code, Message: refusal.Message}
	return result, nil
}
