package main

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"initiator/initiator/client"
	"initiator/internal/queue"
)

// manyFlags are the flags of a run with a task in each line.
type manyFlags struct {
	jobs          int
	ordered, halt bool
}

// defaultJobs is how many tasks are submitted and not ended, where nobody says
// otherwise: more than most pools have slots, so that none of them is idle.
const defaultJobs = 32

func (m *manyFlags) addFlags(f *pflag.FlagSet) {
	f.IntVarP(&m.jobs, "jobs", "j", defaultJobs, "of many tasks, at most so many at a time")
	f.BoolVar(&m.ordered, "ordered", false, "of many tasks, print the results in the order of the lines")
	f.BoolVar(&m.halt, "halt", false, "of many tasks, stop at the first that fails, and cancel the others")
}

// manyRunner is a `run` with a task in each line of standard input. Its loop owns
// all of it; a goroutine for each task in flight asks the initiator.
type manyRunner struct {
	*runner
	manyFlags
	template       task.Request
	feed           *taskInput
	meter          *Meter
	notes          *Screen // stderr, of the loop
	print          *Screen // stdout
	tally          taskCount
	done           chan lineResult
	pendingResults map[int]lineResult // ended, before their turn has come
	started        int
	next           int // whose turn it is to be printed, from 0
	last           lineResult
}

// lineResult is what became of one line.
type lineResult struct {
	inputLine
	nth  int // from 0, in the order of the lines
	task task.Task
	left bool // it may go on in the initiator
}

// errHalt is the cause of the end when --halt has ended it.
var errHalt = errors.New("halted at the first failure")

// newManyRunner has the runner write above the meter from now on.
func newManyRunner(r runner, flags manyFlags, q task.Request, f *taskInput) *manyRunner {
	m := &Meter{screen: r.Err}
	if r.quiet {
		m.screen = &Screen{}
	}
	mine := *r.app
	mine.Err = m.ScreenAbove(r.Err)
	say, print := m.ScreenAbove(r.Err), m.ScreenAbove(r.Out)
	r.app = &mine
	return &manyRunner{
		runner: &r, manyFlags: flags, template: q, feed: f, meter: m, notes: say, print: print,
		tally: taskCount{doing: "running", did: "completed"}, done: make(chan lineResult), pendingResults: map[int]lineResult{},
	}
}

// runAll does all of them, in an initiator that runs or in one of its own.
func (m *manyRunner) runAll(ctx context.Context) error {
	if m.jobs < 1 {
		return UsageFault(errors.New("--jobs is at least 1"))
	}
	return m.withInitiator(ctx, m.template.Pool, m.watchAndRun)
}

// watchAndRun watches the workers while the tasks run.
func (m *manyRunner) watchAndRun(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &workerWatcher{runner: m.runner, pool: m.template.Pool}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watchWorkers(ctx, cancel)
	}()
	err := m.runLoop(ctx, cancel)
	cancel(nil)
	<-watched
	return err
}

// runLoop is the loop: it takes lines while there is room, and results always.
func (m *manyRunner) runLoop(ctx context.Context, cancel context.CancelCauseFunc) error {
	m.tally.began = time.Now()
	tick := time.NewTicker(MeterInterval)
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
		case <-stop:
			lines, stop = nil, nil
		case now := <-tick.C:
			m.meter.ShowLine(m.tally.progressLine(now))
		}
	}
	return m.finishRun(ctx)
}

// maxPendingResults is how many results wait for the one before them, with --ordered,
// before no further task is begun: memory is not for ever.
const maxPendingResults = 10_000

// startTask has a task done. A line that is none has ended already.
func (m *manyRunner) startTask(ctx context.Context, it inputLine) {
	r := lineResult{inputLine: it, nth: m.started}
	m.started++
	m.tally.running++
	go func() {
		if r.err == nil {
			m.runTask(ctx, &r)
		}
		m.done <- r
	}()
}

// runTask has one done, or cancels it.
func (m *manyRunner) runTask(ctx context.Context, r *lineResult) {
	if m.patience.Given {
		limited, stop := context.WithTimeoutCause(ctx, m.patience.Value, errWaitOver)
		defer stop()
		ctx = limited
	}
	q := m.template
	q.ID, q.Data = uuid.Must(uuid.NewV7()), r.data // a name to cancel it by
	end, err := m.callWithRetry(ctx, q)
	switch {
	case err != nil:
		r.task.ID = q.ID
		r.left = !errors.As(err, new(*client.Error)) && !m.cancelTask(q.ID)
	case end.State == task.Completed && !m.Format.JSON:
		r.task = task.Task{ID: end.ID, Pool: q.Pool, State: end.State, Result: end.Result}
	default: // the record says more
		r.task, err = m.client.Task(ctx, end.ID)
	}
	r.err = err
}

// fullPause is how long a full queue is left alone. Most of what is in it may
// be ours.
const fullPause = 100 * time.Millisecond

// callWithRetry has a task done when the queue has room: where there are many tasks, a
// full one is no fault, but the reason to go slowly.
func (m *manyRunner) callWithRetry(ctx context.Context, q task.Request) (client.End, error) {
	for {
		end, err := m.client.Call(ctx, q)
		if !errors.Is(err, &client.Error{Status: http.StatusTooManyRequests}) {
			return end, err
		}
		pause := time.NewTimer(fullPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return end, context.Cause(ctx)
		}
	}
}

// cancelTask cancels a task that nobody waits for any more, and reports whether
// it has ended or will, or never was.
func (m *manyRunner) cancelTask(id uuid.UUID) bool {
	ctx, stop := context.WithTimeout(context.Background(), cancelWithin)
	defer stop()
	_, err := m.client.Cancel(ctx, id)
	return err == nil || m.temporary || errors.Is(err, &client.Error{Status: http.StatusConflict}) || errors.Is(err, &client.Error{Status: http.StatusNotFound})
}

// outputBroken says whether nobody reads the results any more.
func (m *manyRunner) outputBroken() bool { return errors.Is(m.print.err, syscall.EPIPE) }
