package worker

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/trial"
)

// A trial is an attempt in an executor of its own, without a server and without a
// master: package workertest makes it.
func init() {
	trial.Begin, trial.Run, trial.Stop = beginTrial, runTrial, stopTrial
}

// recorder keeps what a handler does in a trial. The nil recorder keeps nothing.
type recorder struct {
	mu       sync.Mutex // guards the fields below
	progress []json.RawMessage
	output   []byte
	err      error
}

func (r *recorder) addProgress(value []byte) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = append(r.progress, value)
}

func (r *recorder) addOutput(text []byte) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.output = append(r.output, text...)
}

func (r *recorder) setError(err error) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// newTrialExecutor returns an executor with one slot and a recorder, and the context
// of its tasks.
func newTrialExecutor(t trial.Trial, table methodTable) (*executor, context.Context) {
	e := newExecutor(table, 1, Hooks{}, newTrialLogger(t.Log))
	e.recorder = &recorder{}
	return e, context.WithValue(t.Parent, settingsKey{}, t.Setting)
}

func newTrialLogger(w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "worker", Output: w, DisableTime: true})
}

// beginTrial implements trial.Begin: an execution that no goroutine of the pool runs.
func beginTrial(t trial.Trial) (ctx context.Context, end func()) {
	e, parent := newTrialExecutor(t, methodTable{})
	task := t.Task.(Task)
	run := newExecution(e, nil, &task, task.makeKey(), waiter{})
	run.context.parent = parent
	e.slots[0].Store(run)
	return &run.context, func() {
		if out := run.output.Load(); out != nil {
			out.closeOutput()
		}
		run.context.endContext(nil)
	}
}

// runTrial implements trial.Run.
func runTrial(t trial.Trial) (trial.Outcome, error) {
	h := t.Handler.(Handler)
	table, err := newMethodTable([]Handler{h})
	if err != nil {
		return trial.Outcome{}, err
	}
	e, parent := newTrialExecutor(t, table)
	defer e.startDrain() // ends the goroutine of the pool
	task := t.Task.(Task)
	task.Method = h.name
	run, err := e.startTask(parent, nil, task)
	if err != nil {
		return trial.Outcome{}, err
	}
	<-run.doneChannel()
	return e.recorder.outcome(run.finalOutcome()), nil
}

// outcome returns what the recorder has kept beside how the task ended.
func (r *recorder) outcome(o taskOutcome) trial.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return trial.Outcome{
		Completed: o.Completed, Retry: o.Retry, Released: o.Stopped, Result: o.Result,
		Err: r.err, Progress: slices.Clone(r.progress), Output: string(r.output),
	}
}

// stopTrial implements trial.Stop.
func stopTrial(ctx context.Context) bool {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok {
		return false
	}
	if run.executor.isStopping() {
		run.executor.endContexts()
	}
	run.executor.noticeStop(time.Now())
	return true
}
