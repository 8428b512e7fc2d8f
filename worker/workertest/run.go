package workertest

import (
	"encoding/json"
	"fmt"
	"testing"

	"initiator/internal/strictjson"
	"initiator/internal/trial"
	"initiator/worker"
)

// Result is how a handler ended, as an initiator is told, and what it reported before.
type Result struct {
	// Completed is false for a failure.
	Completed bool
	// Retry says that the failure is tried again while the task has attempts left.
	Retry bool
	// Released says that the failure costs no attempt, because the worker stops.
	Released bool
	// Result is JSON; nil stands for null. A failure has {"message": …}, or the data
	// of its worker.TaskFail.
	Result json.RawMessage
	// Err is the error of the handler, or the panic, as an error; nil = Completed.
	Err error
	// Progress are the values of worker.Progress, and Output the text of worker.Output.
	Progress []json.RawMessage
	Output   string
}

// Run runs a handler once, as a worker does, and waits for its end. The data is encoded
// as JSON, unless it is a json.RawMessage already. The test fails only when the handler
// cannot be served at all, or the data is not JSON; how the handler ended is in the
// Result.
func Run(t testing.TB, h worker.Handler, data any, o ...Option) Result {
	t.Helper()
	raw, err := strictjson.EncodeData(data)
	if err != nil {
		t.Fatalf("encode the data for %s: %v", h.Name(), err)
	}
	o = append(o[:len(o):len(o)], func(o *options) { o.task.Data = raw })
	attempt := makeTrial(t, o)
	attempt.Handler = h
	got, err := trial.Run(attempt)
	if err != nil {
		t.Fatalf("run the handler %s: %v", h.Name(), err)
	}
	return Result(got)
}

// Decode decodes the result of a completed task into v. The error is that of the
// handler when the task has not completed.
func (r Result) Decode(v any) error {
	if !r.Completed {
		return r.Err
	}
	if len(r.Result) == 0 {
		return json.Unmarshal([]byte("null"), v)
	}
	if err := json.Unmarshal(r.Result, v); err != nil {
		return fmt.Errorf("decode the result: %w", strictjson.ExplainDecode(err))
	}
	return nil
}
