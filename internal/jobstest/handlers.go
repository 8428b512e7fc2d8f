package jobstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"initiator/worker"
)

// Handlers are the handlers in Go. The test binary is the worker.
var Handlers = []worker.Handler{
	worker.Handle("end", end),
	worker.Handle("meet", meet),
	worker.Handle("hold", hold),
	worker.Handle("wait", wait),
}

// snoozes counts how often the task "snooze" has been put off.
var snoozes atomic.Int64

type howInput struct {
	How      string `json:"how"`
	Progress int    `json:"progress"` // bytes; 0 = 1
}

// node is a value that has no end as JSON.
type node struct{ Next *node }

// end ends in the way that the task names.
func end(ctx context.Context, in howInput) (any, error) {
	switch in.How {
	case "result":
		return map[string]int{"sum": 5}, nil
	case "exception":
		return nil, errors.New("boom")
	case "panic":
		panic("boom")
	case "cause":
		return nil, fmt.Errorf("cannot load the order: %w", errors.New("database is down"))
	case "final":
		return nil, worker.TaskFail{Data: map[string]any{"message": "no such order", "order": 7}}
	case "retry":
		return nil, worker.TaskFail{Data: map[string]string{"message": "busy"}, Retry: true}
	case "retry after":
		return nil, worker.RetryAfter(worker.TaskFail{Data: map[string]string{"message": "busy"}, Retry: true}, 20*time.Millisecond)
	case "snooze":
		if snoozes.Add(1) <= 2 {
			return nil, fmt.Errorf("not yet: %w", worker.Snooze(20*time.Millisecond))
		}
		return "went on", nil
	case "permanent":
		return nil, fmt.Errorf("order 7: %w", worker.Permanent(errors.New("no such order")))
	case "fail with an error":
		return nil, worker.TaskFail{Data: map[string]int{"order": 7}, Err: errors.New("no such order")}
	case "wrapped retry":
		return nil, fmt.Errorf("database is down: %w", worker.TaskFail{Data: map[string]int{"order": 7}, Retry: true})
	case "wrapped final":
		return nil, fmt.Errorf("database is down: %w", worker.TaskFail{Data: map[string]int{"order": 7}})
	case "joined retry":
		return nil, errors.Join(errors.New("boom"), worker.TaskFail{Data: map[string]int{"order": 7}, Retry: true})
	case "number":
		return math.NaN(), nil
	case "circle":
		circle := &node{}
		circle.Next = circle
		return circle, nil
	case "large":
		return strings.Repeat("x", 3<<20), nil
	case "refused":
		return strings.Repeat("x", 3<<19), nil
	case "failure with a set":
		return nil, worker.TaskFail{Data: map[string]any{"value": func() {}}, Retry: true}
	case "large failure":
		return nil, worker.TaskFail{Data: map[string]string{"message": strings.Repeat("x", 3<<20)}, Retry: true}
	case "nested":
		return nested(), nil
	case "nested failure":
		return nil, worker.TaskFail{Data: map[string]any{"value": nested()}, Retry: true}
	case "nested progress":
		worker.Progress(ctx, nested())
		return "went on", nil
	case "bad progress":
		worker.Progress(ctx, math.NaN())
		worker.Progress(ctx, strings.Repeat("x", 2<<20))
		return "went on", nil
	}
	return nil, worker.TaskFail{Data: map[string]string{"message": "unknown how " + in.How}}
}

// nested returns arrays that are nested deeper than a task may have them.
func nested() json.RawMessage {
	const depth = 2000
	return json.RawMessage(strings.Repeat("[", depth) + strings.Repeat("]", depth))
}

var meeting struct {
	sync.Mutex
	arrived int
	all     chan struct{} // closed when four tasks run
}

// meet returns when four tasks run at the same time.
func meet(ctx context.Context, _ any) (int, error) {
	meeting.Lock()
	if meeting.all == nil {
		meeting.all = make(chan struct{})
	}
	if meeting.arrived++; meeting.arrived == 4 {
		close(meeting.all)
	}
	all := meeting.all
	meeting.Unlock()
	select {
	case <-all:
		return os.Getpid(), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

var held struct {
	sync.Mutex
	blocks [][]byte
}

// hold holds some MiB more than before, and names its process.
func hold(_ context.Context, in struct {
	MiB int `json:"mib"`
},
) (int, error) {
	block := make([]byte, in.MiB<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	held.Lock()
	defer held.Unlock()
	held.blocks = append(held.blocks, block)
	return os.Getpid(), nil
}

// wait waits until it is told to stop or cancelled, and does as the task says.
func wait(ctx context.Context, in howInput) (string, error) {
	worker.Progress(ctx, strings.Repeat("x", max(in.Progress, 1)))
	stopping, cancelled := worker.Stopping(ctx), ctx.Done()
	if in.How == "ignore the notice" || in.How == "ignore all" {
		stopping = nil
	}
	if in.How == "ignore all" {
		cancelled = nil
	}
	select {
	case <-stopping:
	case <-cancelled:
		return "", context.Cause(ctx)
	}
	if in.How == "finish" {
		return "saved", nil
	}
	return "", fmt.Errorf("saved: %w", worker.ErrStopping)
}
