//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/stream"
	"initiator/internal/webhook"
)

// TestProgressThatCannotBeSent: it counts as progress, is logged once with the
// task's id, and the task goes on. The heartbeats hold the last value that can
// be sent.
func TestProgressThatCannotBeSent(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	release := make(chan struct{})
	h := HandleRaw("h", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		Progress(ctx, "good")
		Progress(ctx, math.NaN())
		Progress(ctx, make(chan int))
		Progress(ctx, panicsInJSON{})
		Progress(ctx, strings.Repeat("x", stream.MaxPayload))
		<-release
		return json.RawMessage(`"done"`), nil
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{h}, Logger: hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Warn})})
	p.connect(m)
	p.give(m, "t-1", "", `{}`)
	m.waitHeartbeat(t, "with every progress", func(b webhook.HeartbeatBody) bool {
		return len(b.Running) == 1 && b.Running[0].Seq == 6 && string(b.Running[0].Progress) == `"good"`
	})
	close(release)
	m.wantResult(t, `t-1 complete "done"`)
	if n := strings.Count(log.String(), "task=t-1 attempt=1 error=\"json: unsupported value: NaN\""); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}

// TestHeartbeatHasRoomForItsProgress: a heartbeat stays below the limit of a
// body however much progress its tasks have, and each task gets its turn.
func TestHeartbeatHasRoomForItsProgress(t *testing.T) {
	t.Parallel()
	const slots = 2 * heartbeatRoom / stream.MaxPayload
	reported, release := make(chan struct{}), make(chan struct{})
	e := newTestExecutor(t, slots, Hooks{}, func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		Progress(ctx, strings.Repeat("x", stream.MaxPayload-2))
		reported <- struct{}{}
		<-release
		return nil, nil
	})
	var runs []*execution
	for i := range slots {
		run, err := e.startTask(t.Context(), nil, Task{ID: string(rune('a' + i)), Attempt: 1})
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	for range slots {
		await(t, reported, "the progress of a task")
	}
	seen := map[string]bool{}
	for len(seen) < slots {
		with := 0
		for _, r := range e.runningTasks() {
			if r.Progress != nil {
				with++
				seen[r.ID] = true
			}
		}
		if with > slots/2 {
			t.Fatalf("%d values of 1 MiB in one heartbeat", with)
		}
	}
	close(release)
	for _, run := range runs {
		await(t, run.doneChannel(), "the end of a task")
	}
}

// lockedBuffer is the output of a log that a test reads while the worker writes.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
