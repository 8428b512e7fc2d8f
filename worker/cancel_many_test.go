//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
)

// A master cancels as many tasks at once as there are slots. Each slot is looked at
// once.
func TestCancelManyTasks(t *testing.T) {
	const slots = 20_000
	table, err := newMethodTable([]Handler{HandleRaw("wait", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})})
	if err != nil {
		t.Fatal(err)
	}
	e := newExecutor(table, slots, Hooks{}, hclog.NewNullLogger())
	reason := errors.New("test")
	var runs []*execution
	var ids []string
	for range slots {
		id := uuid.NewString()
		run, err := e.startTask(t.Context(), t, Task{ID: id, Attempt: 1})
		if err != nil {
			t.Fatal(err)
		}
		runs, ids = append(runs, run), append(ids, id)
	}
	e.cancelTasks(ids[1:], reason)
	e.cancelAttempt(attemptKey{keyID(ids[0]), 2}, reason)
	select {
	case <-runs[0].doneChannel():
		t.Error("another attempt was cancelled")
	default:
	}
	e.cancelAttempt(attemptKey{keyID(ids[0]), 1}, reason)
	for _, run := range runs {
		<-run.doneChannel()
	}
	<-e.startDrain()
}

func TestJSONTextLength(t *testing.T) {
	for text, most := range map[string]int{"": 0, "plain": 5, "\"\n<": 18, strings.Repeat("é", 10): 20, "\u2028": 6} {
		if got := jsonTextLength(text); got != most {
			t.Errorf("%q: %d, want %d", text, got, most)
		}
	}
}
