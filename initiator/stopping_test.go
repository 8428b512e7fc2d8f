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
	"initiator/internal/testlength"
	"initiator/worker"
)

// stoppingHandlers are handlers of the test binary as a worker.
var stoppingHandlers = []worker.Handler{
	// wait ends when its context ends, and returns its context's error.
	worker.Handle("wait", func(ctx context.Context, _ any) (any, error) {
		worker.Progress(ctx, "begun")
		<-ctx.Done()
		return nil, ctx.Err()
	}),
	// save ends when it is told that its worker stops.
	worker.Handle("save", func(ctx context.Context, _ any) (any, error) {
		worker.Progress(ctx, "begun")
		<-worker.Stopping(ctx)
		return nil, fmt.Errorf("page 3 is saved: %w", worker.ErrStopping)
	}),
	// large returns a text of so many bytes.
	worker.Handle("large", func(_ context.Context, bytes int) (string, error) { return strings.Repeat("x", bytes), nil }),
	worker.Handle("fails.large", func(_ context.Context, bytes int) (any, error) {
		return nil, worker.TaskFail{Data: strings.Repeat("x", bytes), Retry: true}
	}),
}

const stoppingINI = `
[worker:parent]
command        = ${initiator:self} parent
attempts       = 1
slots          = 2
drain          = %s
heartbeat_span = 200ms
`

// mustTask returns the task of a call that must succeed.
func mustTask(t *testing.T) func(task.Task, error) task.Task {
	return func(got task.Task, err error) task.Task {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
}

// waitUntilBegun waits until the handler of a task has begun.
func waitUntilBegun(t *testing.T, in *initiatortest.Server, one task.Task) {
	t.Helper()
	for e, err := range in.Client().Watch(t.Context(), one.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Progress) > 0 {
			return
		}
	}
	t.Fatal("the task has ended without progress")
}

// A stop, a restart and a shutdown end the tasks of handlers that respect their
// context or the notice: without a SIGKILL, and without the cost of an attempt.
func TestStopEndsHandlersInOrder(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"wait", "save"} {
		for _, how := range []string{"stop", "restart", "shutdown"} {
			t.Run(how+", "+method, func(t *testing.T) {
				t.Parallel()
				drain := "300ms" // is over before a handler ends that waits for its context
				if method == "save" {
					drain = "1h" // ends as soon as the handler does
				}
				stopDuringTask(t, how, method, drain)
			})
		}
	}
}

func stopDuringTask(t *testing.T, how, method, drain string) {
	ini, state := fmt.Sprintf(stoppingINI, drain), initiatortest.StateDir(t.TempDir())
	in := initiatortest.StartText(t, ini, state)
	one := mustTask(t)(in.Client().Submit(t.Context(), task.Request{Pool: "parent", Method: method}))
	waitUntilBegun(t, in, one)
	switch how {
	case "stop":
		if _, err := in.Client().Stop(t.Context(), "parent"); err != nil {
			t.Fatal(err)
		}
		if exit := in.Worker("parent").LastExit; exit.Signal != "" || exit.Code != 0 {
			t.Errorf("last exit %+v", exit)
		}
	case "restart":
		if _, err := in.Client().Restart(t.Context(), "parent"); err != nil {
			t.Fatal(err)
		}
		next := in.WaitFor("parent", func(w report.Worker) bool { return w.Ready && w.Incarnation == 2 })
		if next.LastExit.Signal != "" || next.LastExit.Code != 0 {
			t.Errorf("last exit %+v", next.LastExit)
		}
	default:
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		in = initiatortest.StartText(t, ini, state)
	}
	got := mustTask(t)(in.Client().Task(t.Context(), one.ID))
	if len(got.History) == 0 {
		t.Fatalf("%s: %s", got.State, got.Reason)
	}
	// The end of the process may overtake what the worker says in its last moment.
	reasons := []string{"the worker is stopping", "tasks still ran after 300ms (drain)"}
	if method == "save" {
		reasons = []string{"page 3 is saved"}
	}
	first := got.History[0]
	told := slices.ContainsFunc(reasons, func(words string) bool { return strings.Contains(first.Error, words) })
	if first.Outcome != task.OutcomeReleased || !told || got.State.Terminal() {
		t.Errorf("the task is %s after %s (%s)", got.State, first.Outcome, first.Error)
	}
}

// A result or a failure that is too large ends the task at once, with the reason.
// A Go worker exceeds the real bound of 64 MiB only at full length: 70 MiB cost 3 s of
// processor time, and 10 s with the race detector.
func TestUndeliverableOutcomesFail(t *testing.T) {
	t.Parallel()
	const ini = "[worker:parent]\ncommand = ${initiator:self} parent\nattempts = 3\nretry_delay = 0\n"
	expect := func(in *initiatortest.Server, method string, mib int, want string) {
		got := in.Run(task.Request{Pool: "parent", Method: method, Data: json.RawMessage(fmt.Sprint(mib << 20))})
		if got.State != task.Failed || got.Reason != want || len(got.History) != 1 {
			t.Errorf("%s of %d MiB: %s after %d attempts: %s", method, mib, got.State, len(got.History), got.Reason)
		}
	}
	low := initiatortest.StartText(t, ini, initiatortest.Configure(resultsUpTo1MiB))
	expect(low, "large", 3, "the handler failed: its result has 3.0 MiB and was refused: The body is too large: at most 1 MiB are allowed.")
	expect(low, "fails.large", 3, "the handler failed: its failure has 3.0 MiB and was refused: The body is too large: at most 1 MiB are allowed.")
	in := initiatortest.StartText(t, ini)
	if got := in.Run(task.Request{Pool: "parent", Method: "large", Data: json.RawMessage(fmt.Sprint(2 << 20))}); got.State != task.Completed || len(got.Result) != 2<<20+2 {
		t.Errorf("2 MiB: %s: %s", got.State, got.Reason)
	}
	if testlength.Count(0, 1) == 1 {
		expect(in, "large", 70, "the handler failed: its result has 70.0 MiB and was refused: The body is too large: at most 64 MiB are allowed.")
	}
}
