package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/task"
)

// manyFlags are the flags of a run with a task in each line.
type manyFlags struct {
	jobs          int
	ordered, halt bool
}

// addFlags adds the flags to a verb.
func (m *manyFlags) addFlags(f *pflag.FlagSet) {
	f.IntVarP(&m.jobs, "jobs", "j", defaultJobs, "with many tasks: run at most `N` tasks at a time")
	f.BoolVar(&m.ordered, "ordered", false, "with many tasks: print the results in the order of the lines")
	f.BoolVar(&m.halt, "halt", false, "with many tasks: stop at the first failure and cancel the other tasks")
}

// defaultJobs is how many tasks are submitted at a time: more than most pools
// have slots, so that no slot is idle.
const defaultJobs = 32

// manyRunner is a `run` with a task in each line of standard input. Its loop
// owns the fields; one goroutine for each running task asks the initiator.
type manyRunner struct {
	*runner
	manyFlags
	template       task.Request
	feed           *taskInput
	meter          *terminal.Meter
	notes          *terminal.Screen // stderr
	print          *terminal.Screen // stdout
	tally          taskCount
	done           chan lineResult
	retries        chan task.Event    // of tasks of the pool that are tried again
	lineOf         map[uuid.UUID]int  // the line of each running task
	pendingResults map[int]lineResult // by line: ended before a line above it
	started        int
	lastLine       int // the number of the line that was started last
	next           int // the line that is printed next, from 0
	last           lineResult
}

// lineResult is the result of a line.
type lineResult struct {
	inputLine
	nth  int // from 0, in the order of the lines
	task task.Task
	left bool // the task may still run in the initiator
	// unsent: the initiator has not come back before the task was submitted.
	unsent bool
}

// errHalt is the cause of a context that --halt has ended.
var errHalt = errors.New("halted at the first failure")

// newManyRunner returns a run of many tasks. What the runner prints goes above
// the meter from now on.
func newManyRunner(r runner, flags manyFlags, q task.Request, f *taskInput) *manyRunner {
	m := terminal.NewMeter(r.Err)
	if r.quiet {
		m = terminal.NewMeter(terminal.NewPlainScreen(io.Discard))
	}
	notes, print := m.ScreenAbove(r.Err), m.ScreenAbove(r.Out)
	own := *r.App
	own.Err = m.ScreenAbove(r.Err)
	r.app = &app{&own}
	return &manyRunner{
		runner: &r, manyFlags: flags, template: q, feed: f, meter: m, notes: notes, print: print,
		tally: taskCount{doing: "running", did: "completed"}, done: make(chan lineResult), pendingResults: map[int]lineResult{},
		retries: make(chan task.Event), lineOf: map[uuid.UUID]int{},
	}
}

// runAll runs all tasks, in the running initiator or in a temporary one.
func (m *manyRunner) runAll(ctx context.Context) error {
	if m.jobs < 1 {
		return cli.UsageFault(errors.New("--jobs must be at least 1"))
	}
	if m.feed.empty { // no worker is started for no task
		m.tally.began = time.Now()
		return m.finishRun(ctx)
	}
	return m.withInitiator(ctx, m.template.Pool, m.watchAndRun)
}

// watchAndRun watches the workers and the attempts while the tasks run.
func (m *manyRunner) watchAndRun(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watchers sync.WaitGroup
	w := m.newWorkerWatcher(m.poolName(ctx))
	watchers.Go(func() { w.watchWorkers(ctx, cancel) })
	if !m.quiet {
		m.watchRetries(ctx, w.pool, &watchers)
	}
	err := m.runLoop(ctx, cancel)
	cancel(nil)
	watchers.Wait()
	return err
}

// runLoop takes lines while there is room for more tasks, and results at any
// time.
func (m *manyRunner) runLoop(ctx context.Context, cancel context.CancelCauseFunc) error {
	m.tally.began = time.Now()
	tick := time.NewTicker(terminal.MeterInterval)
	defer tick.Stop()
	lines, stop := m.feed.sendItems(ctx), ctx.Done()
	for lines != nil || m.tally.running > 0 {
		from := lines
		if m.tally.running >= m.jobs || len(m.pendingResults) >= maxPendingResults {
			from = nil
		}
		select {
		case it, ok := <-from:
			if !ok {
				lines = nil
				continue
			}
			m.startTask(ctx, it)
		case r := <-m.done:
			m.takeResult(ctx, r, cancel)
		case n := <-m.retries:
			if line, ok := m.lineOf[n.ID]; ok && attemptNote(n) != "" {
				m.printLineNote("line %d: %s", line, attemptNote(n))
			}
		case <-stop:
			lines, stop = nil, nil
		case now := <-tick.C:
			m.meter.ShowLine(m.tally.progressLine(now))
		}
	}
	return m.finishRun(ctx)
}

// maxPendingResults limits the results that --ordered holds back. At the limit
// no further task is started.
const maxPendingResults = 10_000

// startTask starts the task of a line in a goroutine. A line with an error has
// ended at once.
func (m *manyRunner) startTask(ctx context.Context, it inputLine) {
	r := lineResult{inputLine: it, nth: m.started}
	m.started++
	m.lastLine = it.line
	m.tally.running++
	r.task.ID = uuid.Must(uuid.NewV7()) // to cancel it by
	m.lineOf[r.task.ID] = r.line
	go func() {
		if r.err == nil {
			m.runTask(ctx, &r)
		}
		m.done <- r
	}()
}
