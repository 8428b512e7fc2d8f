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

// mapFlags are the flags of a run with a task in each line.
type mapFlags struct {
	jobs          int
	ordered, halt bool
}

// inFlight is how many tasks are submitted and not ended, where nobody says
// otherwise: more than most pools have slots, so that none of them is idle.
const inFlight = 32

func (m *mapFlags) add(f *pflag.FlagSet) {
	f.IntVarP(&m.jobs, "jobs", "j", inFlight, "of many tasks, at most so many at a time")
	f.BoolVar(&m.ordered, "ordered", false, "of many tasks, print the results in the order of the lines")
	f.BoolVar(&m.halt, "halt", false, "of many tasks, stop at the first that fails, and cancel the others")
}

// mapper is a `run` with a task in each line of standard input. Its loop owns
// all of it; a goroutine for each task in flight asks the initiator.
type mapper struct {
	*runner
	mapFlags
	template task.Request
	feed     *feed
	meter    *meter
	say2     *screen // stderr, of the loop
	print    *screen // stdout
	tally    tally
	done     chan result
	held     map[int]result // ended, before their turn has come
	started  int
	next     int // whose turn it is to be printed, from 0
	last     result
}

// result is what became of one line.
type result struct {
	item
	nth  int // from 0, in the order of the lines
	task task.Task
	left bool // it may go on in the initiator
}

// errHalt is the cause of the end when --halt has ended it.
var errHalt = errors.New("halted at the first failure")

// newMapper has the runner write above the meter from now on.
func newMapper(r runner, flags mapFlags, q task.Request, f *feed) *mapper {
	m := &meter{screen: r.err}
	if r.quiet {
		m.screen = &screen{}
	}
	mine := *r.app
	mine.err = m.over(r.err)
	say, print := m.over(r.err), m.over(r.out)
	r.app = &mine
	return &mapper{
		runner: &r, mapFlags: flags, template: q, feed: f, meter: m, say2: say, print: print,
		tally: tally{doing: "running", did: "completed"}, done: make(chan result), held: map[int]result{},
	}
}

// run does all of them, in an initiator that runs or in one of its own.
func (m *mapper) run(ctx context.Context) error {
	if m.jobs < 1 {
		return usage(errors.New("--jobs is at least 1"))
	}
	return m.within(ctx, m.template.Pool, m.attend)
}

// attend watches the workers while the tasks run.
func (m *mapper) attend(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &watcher{runner: m.runner, pool: m.template.Pool}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watch(ctx, cancel)
	}()
	err := m.all(ctx, cancel)
	cancel(nil)
	<-watched
	return err
}

// all is the loop: it takes lines while there is room, and results always.
func (m *mapper) all(ctx context.Context, cancel context.CancelCauseFunc) error {
	m.tally.began = time.Now()
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	lines, stop := m.feed.items(ctx), ctx.Done()
	for lines != nil || m.tally.running > 0 {
		from := lines
		if m.tally.running >= m.jobs || len(m.held) >= mostHeld {
			from = nil
		}
		select {
		case it, ok := <-from:
			if !ok {
				lines = nil
				continue
			}
			m.start(ctx, it)
		case r := <-m.done:
			m.ended(ctx, r, cancel)
		case <-stop:
			lines, stop = nil, nil
		case now := <-tick.C:
			m.meter.show(m.tally.line(now))
		}
	}
	return m.end(ctx)
}

// mostHeld is how many results wait for the one before them, with --ordered,
// before no further task is begun: memory is not for ever.
const mostHeld = 10_000

// start has a task done. A line that is none has ended already.
func (m *mapper) start(ctx context.Context, it item) {
	r := result{item: it, nth: m.started}
	m.started++
	m.tally.running++
	go func() {
		if r.err == nil {
			m.do(ctx, &r)
		}
		m.done <- r
	}()
}

// do has one done, or cancels it.
func (m *mapper) do(ctx context.Context, r *result) {
	if m.patience.set {
		limited, stop := context.WithTimeoutCause(ctx, m.patience.d, errPatience)
		defer stop()
		ctx = limited
	}
	q := m.template
	q.ID, q.Data = uuid.Must(uuid.NewV7()), r.data // a name to cancel it by
	end, err := m.room(ctx, q)
	switch {
	case err != nil:
		r.task.ID = q.ID
		r.left = !errors.As(err, new(*client.Error)) && !m.cancelled(q.ID)
	case end.State == task.Completed && !m.format.json:
		r.task = task.Task{ID: end.ID, Pool: q.Pool, State: end.State, Result: end.Result}
	default: // the record says more
		r.task, err = m.client.Task(ctx, end.ID)
	}
	r.err = err
}

// fullPause is how long a full queue is left alone. Most of what is in it may
// be ours.
const fullPause = 100 * time.Millisecond

// room has a task done when the queue has room: where there are many tasks, a
// full one is no fault, but the reason to go slowly.
func (m *mapper) room(ctx context.Context, q task.Request) (client.End, error) {
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

// cancelled cancels a task that nobody waits for any more, and reports whether
// it has ended or will, or never was.
func (m *mapper) cancelled(id uuid.UUID) bool {
	ctx, stop := context.WithTimeout(context.Background(), cancelWithin)
	defer stop()
	_, err := m.client.Cancel(ctx, id)
	return err == nil || m.alone || errors.Is(err, &client.Error{Status: http.StatusConflict}) || errors.Is(err, &client.Error{Status: http.StatusNotFound})
}

// broken says whether nobody reads the results any more.
func (m *mapper) broken() bool { return errors.Is(m.print.err, syscall.EPIPE) }
