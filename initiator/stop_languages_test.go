package initiator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/jobstest"
	"initiator/internal/testlength"
)

// Stopping a worker tells its handlers at the beginning of drain. A handler that hands
// its task back, and one that is cancelled after drain, cost no attempt; no process is
// killed.
func TestStopOfRunningHandlerInEveryLanguage(t *testing.T) {
	tests := []struct {
		handler, drain string
		want           task.State
		history        []task.Outcome
	}{
		{"save", "1h", task.Queued, []task.Outcome{task.OutcomeReleased}},
		{"finish", "1h", task.Completed, []task.Outcome{task.OutcomeCompleted}},
		{"ignore the notice", "1s", task.Queued, []task.Outcome{task.OutcomeReleased}},
	}
	jobstest.Each(t, "../jobs", []string{"${initiator:self}", "languages"}, func(t *testing.T, _ jobstest.Language, command []string) {
		ini := "[DEFAULT]\nattempts = 1\nheartbeat_span = 200ms\nstopwaitsecs = 1h\n"
		for row, tt := range tests {
			ini += fmt.Sprintf("[worker:w%d]\ncommand = %s\ndrain = %s\n", row, strings.Join(command, " "), tt.drain)
		}
		in := initiatortest.StartText(t, ini)
		for row, tt := range tests {
			t.Run(tt.handler, func(t *testing.T) {
				t.Parallel()
				pool := fmt.Sprintf("w%d", row)
				queued, err := in.Client().Submit(t.Context(), task.Request{Pool: pool, Method: "wait", Data: json.RawMessage(`{"how":"` + tt.handler + `"}`)})
				if err != nil {
					t.Fatal(err)
				}
				awaitProgress(t, in, queued)
				ctx, cancel := context.WithTimeout(t.Context(), testlength.Patience)
				defer cancel()
				if _, err := in.Client().Stop(ctx, pool); err != nil {
					t.Fatal(err)
				}
				stopped := in.WaitFor(pool, func(w report.Worker) bool { return w.PID == 0 })
				if stopped.LastExit.Signal != "" || stopped.LastExit.Code != 0 {
					t.Errorf("the worker ended with %+v", stopped.LastExit)
				}
				got, err := in.Client().Task(t.Context(), queued.ID)
				if err != nil {
					t.Fatal(err)
				}
				var outcomes []task.Outcome
				for _, a := range got.History {
					outcomes = append(outcomes, a.Outcome)
				}
				if got.State != tt.want || !slices.Equal(outcomes, tt.history) {
					t.Errorf("%s %s %+v, want %s %s", got.State, got.Reason, got.History, tt.want, tt.history)
				}
			})
		}
	})
}

// awaitProgress waits until a task has reported progress.
func awaitProgress(t *testing.T, in *initiatortest.Server, queued task.Task) {
	t.Helper()
	for e, err := range in.Client().Watch(t.Context(), queued.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Progress) > 0 {
			return
		}
	}
	t.Fatal("the task has ended without progress")
}
