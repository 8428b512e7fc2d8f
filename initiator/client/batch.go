package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// BatchLineResult is the answer to one task of SubmitMany or ImportTasks: the
// record, or the error, as Submit returns it.
type BatchLineResult struct {
	Task task.Task
	Err  error
}

// SubmitMany queues many tasks in one request. The results are in the order of the
// requests: a refused task does not affect the rest. Requests without ID and Key get
// an ID. After an outage of the initiator (see ReconnectFor) the requests that were
// not answered are sent again. With an error the results are only the answers that
// came before it; whether the remaining tasks were taken is unknown. Tasks with an ID
// or a Key can safely be submitted again.
func (c *Client) SubmitMany(ctx context.Context, requests []task.Request) ([]BatchLineResult, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	var lines [][]byte // of the requests that are JSON
	chosen, invalid := make([]uuid.UUID, len(requests)), make([]error, len(requests))
	for i, r := range requests {
		chosen[i] = c.completeRequest(&r)
		var line bytes.Buffer
		if err := newEncoder(&line).Encode(r); err != nil {
			invalid[i] = invalidRequest(http.MethodPost, "/tasks", err)
			continue
		}
		lines = append(lines, line.Bytes())
	}
	answers, err := c.persistLines(ctx, "/tasks", lines)
	results := make([]BatchLineResult, 0, len(requests))
	for i := range requests {
		switch {
		case invalid[i] != nil:
			results = append(results, BatchLineResult{Err: invalid[i]})
		case len(answers) == 0:
			return results, err
		default:
			answers[0].Task.Known = existedBefore(answers[0].Task.Known, answers[0].Task.ID, chosen[i])
			results, answers = append(results, answers[0]), answers[1:]
		}
	}
	return results, err
}

// persistLines posts lines that each end with a line break, and returns a result for
// each. It posts the lines that have no result again while the initiator is away.
func (c *Client) persistLines(ctx context.Context, path string, lines [][]byte) (results []BatchLineResult, err error) {
	if len(lines) == 0 {
		return nil, nil
	}
	err = c.persist(ctx, func() error {
		some, err := c.postLines(ctx, path, lines[len(results):])
		results = append(results, some...)
		return err
	})
	return results, err
}

// postLines posts lines, and reads their results up to the first line that was not
// taken because the initiator is shutting down.
func (c *Client) postLines(ctx context.Context, path string, lines [][]byte) ([]BatchLineResult, error) {
	res, err := c.sendHTTP(ctx, http.MethodPost, path, nil, bytes.NewReader(bytes.Join(lines, nil)), "application/x-ndjson")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	results, err := readLineResults(res.Body, len(lines))
	if end := slices.IndexFunc(results, func(r BatchLineResult) bool { return isShuttingDown(r.Err) }); end >= 0 && c.outage.isBounded() {
		return results[:end], results[end].Err
	}
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
	var about struct {
		Status     int
		RetryAfter float64 `json:"retry_after"`
	}
	if err := json.Unmarshal(refusal.Data, &about); err != nil {
		return result, err
	}
	result.Err = &Error{
		Status: about.Status, Code: refusal.Code, Message: refusal.Message,
		RetryAfter: time.Duration(about.RetryAfter * float64(time.Second)),
	}
	return result, nil
}
