//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"pgregory.net/rapid"
)

// tester is *testing.T, *testing.B or *rapid.T.
type tester interface {
	Fatal(...any)
	Cleanup(func())
}

func newTestExecutor(t tester, slots int, hooks Hooks, f func(context.Context, json.RawMessage) (json.RawMessage, error)) *executor {
	m, err := newMethodTable([]Handler{HandleRaw("f", f)})
	if err != nil {
		t.Fatal(err)
	}
	e := newExecutor(m, slots, hooks, hclog.NewNullLogger())
	t.Cleanup(func() { e.startDrain() })
	return e
}

func nothing(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, nil }

// TestConcurrentRequestsForOneTaskRunItOnce sends a thousand requests while
// the hook still decides.
func TestConcurrentRequestsForOneTaskRunItOnce(t *testing.T) {
	t.Parallel()
	var asked, ran atomic.Int64
	all := make(chan struct{})
	hooks := Hooks{BeforeTask: func(context.Context, Task) error {
		asked.Add(1)
		<-all
		return nil
	}}
	e := newTestExecutor(t, 4, hooks, func(context.Context, json.RawMessage) (json.RawMessage, error) {
		ran.Add(1)
		return nil, nil
	})
	var callers, entered sync.WaitGroup
	for range 1000 {
		entered.Add(1)
		callers.Go(func() {
			entered.Done()
			run, err := e.startTask(t.Context(), nil, Task{ID: "same", Attempt: 1})
			if err != nil {
				t.Error(err)
				return
			}
			<-run.doneChannel()
		})
	}
	entered.Wait()
	close(all)
	callers.Wait()
	if asked.Load() != 1 || ran.Load() != 1 {
		t.Errorf("asked %d times, ran %d times", asked.Load(), ran.Load())
	}
	<-e.startDrain()
}

// TestRefusalReachesEveryCaller: requests that arrive while the hook decides
// are refused too.
func TestRefusalReachesEveryCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		think := make(chan struct{})
		e := newTestExecutor(t, 1, Hooks{BeforeTask: func(context.Context, Task) error { <-think; return errTest }}, nothing)
		errs := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := e.startTask(t.Context(), nil, Task{ID: "x"})
				errs <- err
			}()
		}
		synctest.Wait()
		close(think)
		for range 3 {
			if err := <-errs; !errors.Is(err, errTest) {
				t.Errorf("error %v", err)
			}
		}
		if len(e.known) != 0 || len(e.free) != 1 {
			t.Errorf("%d tasks known, %d slots free", len(e.known), len(e.free))
		}
	})
}

func TestFinishedTasksAreForgottenAfterTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		e := newTestExecutor(t, 1, Hooks{}, func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return json.Marshal(ran.Add(1))
		})
		start := func() string {
			run, err := e.startTask(t.Context(), nil, Task{ID: "x"})
			if err != nil {
				t.Fatal(err)
			}
			<-run.doneChannel()
			return string(run.finalOutcome().Result)
		}
		start()
		time.Sleep(rememberFor - time.Second) //nolint:forbidigo // in a bubble
		if start() != "1" {
			t.Error("forgotten too early")
		}
		time.Sleep(time.Second) //nolint:forbidigo // in a bubble
		if start() != "2" {
			t.Error("never forgotten")
		}
	})
}

func TestFinishedTasksAreForgottenWhenTheyAreTooMany(t *testing.T) {
	t.Parallel()
	now := time.Now()
	tests := []struct {
		name  string
		tasks int
		bytes int
		left  int
	}{
		{"few", 10, 100, 10},
		{"as many as allowed", rememberTasks, 1, rememberTasks},
		{"more", rememberTasks + 5, 1, rememberTasks},
		{"as large as allowed", 64, 1 << 20, 64},
		{"larger", 70, 1 << 20, 64},
		{"one that is too large alone", 1, rememberBytes + 1, 1},
		{"two of these", 2, rememberBytes + 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m finishedTasks
			result := make([]byte, tt.bytes)
			for i := range tt.tasks {
				m.addTask(attemptKey{keyID(fmt.Sprint(i)), 1}, taskOutcome{Result: result}, now)
			}
			if m.count() != tt.left || len(m.place) != tt.left || m.bytes != tt.left*tt.bytes {
				t.Errorf("%d in the ring, %d places, %d bytes", m.count(), len(m.place), m.bytes)
			}
		})
	}
}

func TestADeadlineEndsTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newTestExecutor(t, 1, Hooks{}, func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		run, err := e.startTask(t.Context(), nil, Task{ID: "x", Deadline: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		<-run.doneChannel()
		if got := string(run.finalOutcome().Result); got != `{"message":"the task's time is over (timeout or deadline)"}` {
			t.Error(got)
		}
	})
}

// TestAbandonWaitsOneGraceForAllHandlers: many handlers that ignore their
// contexts delay the end by one second in all, and their slots are free after
// it.
func TestAbandonWaitsOneGraceForAllHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newTestExecutor(t, 5, Hooks{}, func(context.Context, json.RawMessage) (json.RawMessage, error) { <-release; return nil, nil })
		mine, others := "mine", "others"
		for i := range 5 {
			owner := &mine
			if i == 4 {
				owner = &others
			}
			if _, err := e.startTask(t.Context(), owner, Task{ID: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		e.abandonTasks(&mine, errTest)
		if d := time.Since(began); d != abandonGrace {
			t.Errorf("it took %v", d)
		}
		if running := e.runningTasks(); len(running) != 1 || running[0].ID != "4" || len(e.free) != 4 {
			t.Errorf("running %v, %d slots free", running, len(e.free))
		}
		idle := e.startDrain()
		close(release)
		<-idle
		synctest.Wait()
		if len(e.free) != 5 {
			t.Errorf("%d slots free", len(e.free))
		}
	})
}

// TestDrainWaitsForReports: a drain lasts until the waiters for an outcome
// have been notified.
func TestDrainWaitsForReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newTestExecutor(t, 1, Hooks{}, nothing)
		run, err := e.startTask(t.Context(), nil, Task{ID: "x"})
		if err != nil {
			t.Fatal(err)
		}
		<-run.doneChannel()
		reporting := make(chan struct{})
		run.notifyWhenDone(nil, func(taskOutcome) { <-reporting })
		idle := e.startDrain()
		synctest.Wait()
		select {
		case <-idle:
			t.Error("idle before the report")
		default:
		}
		close(reporting)
		<-idle
		if _, err := e.startTask(t.Context(), nil, Task{ID: "y"}); !errors.Is(err, errDraining) {
			t.Errorf("after it: %v", err)
		}
	})
}

func TestQuietRefusesNewTasksOnly(t *testing.T) {
	t.Parallel()
	e := newTestExecutor(t, 1, Hooks{}, nothing)
	run, err := e.startTask(t.Context(), nil, Task{ID: "old"})
	if err != nil {
		t.Fatal(err)
	}
	<-run.doneChannel()
	e.setQuiet(true)
	again, err := e.startTask(t.Context(), nil, Task{ID: "old"})
	if err != nil {
		t.Fatalf("old: %v", err)
	}
	<-again.doneChannel()
	if _, err := e.startTask(t.Context(), nil, Task{ID: "new"}); !errors.Is(err, errQuiet) {
		t.Errorf("new: %v", err)
	}
	e.setQuiet(false)
	if _, err := e.startTask(t.Context(), nil, Task{ID: "new"}); err != nil {
		t.Error(err)
	}
	<-e.startDrain()
}

// TestSlotsAreNeverLostOrShared performs random starts, ends, cancels and
// abandonments. There are never more handlers than slots, and at the end all
// slots are free.
func TestSlotsAreNeverLostOrShared(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 4).Draw(t, "slots")
		var running atomic.Int64
		e := newTestExecutor(t, slots, Hooks{}, func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
			if n := running.Add(1); n > int64(slots) {
				t.Errorf("%d handlers in %d slots", n, slots)
			}
			defer running.Add(-1)
			if string(data) == "1" {
				panic("as asked")
			}
			<-ctx.Done()
			return nil, ctx.Err()
		})
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				e.cancelTasks([]string{fmt.Sprint(rapid.IntRange(0, i).Draw(t, "which"))}, errTest)
			case 1:
				e.abandonTasks(nil, errTest)
			default:
				data := json.RawMessage(fmt.Sprint(rapid.IntRange(0, 1).Draw(t, "data")))
				_, err := e.startTask(context.Background(), nil, Task{ID: fmt.Sprint(i), Data: data})
				if err != nil && !errors.Is(err, errBusy) {
					t.Error(err)
				}
			}
		}
		for _, r := range e.runningTasks() {
			e.cancelTasks([]string{r.ID}, errTest)
		}
		<-e.startDrain()
		if len(e.free) != slots {
			t.Errorf("%d of %d slots free", len(e.free), slots)
		}
	})
}

func BenchmarkExecutor(b *testing.B) {
	e := newTestExecutor(b, 8, Hooks{}, nothing)
	i := 0
	for b.Loop() {
		i++
		run, err := e.startTask(context.Background(), nil, Task{ID: fmt.Sprint(i)})
		if err != nil {
			b.Fatal(err)
		}
		<-run.doneChannel()
	}
}
