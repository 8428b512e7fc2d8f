package supervise

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/mailbox"
)

// ErrEnded is returned by every request after Run has returned.
var ErrEnded = errors.New("the supervisor has ended")

// ErrStopping is returned by requests for more workers when everything is being
// stopped.
var ErrStopping = errors.New("everything is being stopped")

// Supervisor keeps the workers of one plan running. Create it with New and run
// it with Run. Any goroutine may call every other method, before, during and
// after Run. A request before Run waits for Run.
type Supervisor struct {
	opts Options
	log  hclog.Logger
	box  *mailbox.Mailbox[message]
	// ran is set by Run; done is closed when Run has returned.
	ran  atomic.Bool
	done chan struct{}
	// last is what WorkerProcesses returns when the loop does not run.
	last atomic.Pointer[[]WorkerProcesses]
	// unattributed is what the keeper reported last.
	unattributed atomic.Pointer[[]string]
	// leftPublished is what is known of left processes.
	leftPublished atomic.Pointer[[]report.LeftProcess]
	loop          *loop // only Run's goroutine uses it after the start of Run
}

// message is a function that the loop runs on its goroutine, which alone owns
// the records.
type message func(*loop)

// New creates the workers of the plan. It starts nothing.
func New(o Options) *Supervisor {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	s := &Supervisor{opts: o, log: o.Logger, box: mailbox.New[message](), done: make(chan struct{})}
	s.loop = newLoop(s)
	s.loop.createPools(o.Plan)
	s.loop.publishLeft()
	s.publishViews(s.loop.workerViews())
	return s
}

func (s *Supervisor) publishViews(v []WorkerProcesses) { s.last.Store(&v) }

// Run starts every worker with autostart, in the order of `after` and priority,
// and keeps them as the plan says. It returns when ctx is done and every worker
// is stopped and empty. The error names a worker with on_fatal = shutdown, or a
// keeper that could not be replaced. Run may be called once.
func (s *Supervisor) Run(ctx context.Context) error {
	if s.ran.Swap(true) {
		return errors.New("run supervisor: it has run already")
	}
	defer s.loop.helpers.Wait()
	defer close(s.done)
	err := s.loop.run(ctx)
	s.publishViews(s.loop.workerViews())
	s.box.Close()
	return err
}

// KillAll ends every wait: every process gets KILL at once, and Run returns
// when none is left. It never blocks.
func (s *Supervisor) KillAll() { s.box.Put((*loop).killAll) }

// Workers returns every worker, in the order of the plan.
func (s *Supervisor) Workers() []report.Worker {
	known := s.WorkerProcesses()
	workers := make([]report.Worker, 0, len(known))
	for _, w := range known {
		workers = append(workers, w.Worker)
	}
	return workers
}

// WorkerProcesses returns every worker with what identifies its processes, in the
// order of the plan.
func (s *Supervisor) WorkerProcesses() []WorkerProcesses {
	if !s.ran.Load() {
		return *s.last.Load()
	}
	answer := make(chan []WorkerProcesses, 1)
	if s.box.Put(func(l *loop) { answer <- l.workerViews() }) {
		select {
		case v := <-answer:
			return v
		case <-s.done:
		}
	}
	return *s.last.Load()
}

// ReportEvent reports what the dispatcher has seen of a worker. It never
// blocks. An event about an earlier incarnation changes nothing.
func (s *Supervisor) ReportEvent(e lifecycle.Event) {
	s.box.Put(func(l *loop) { l.applyReport(e) })
}

// CheckAlive returns nil when the loop answers, which shows that it does not
// hang. The loop handles every earlier request first.
func (s *Supervisor) CheckAlive(ctx context.Context) error {
	return s.askLoop(ctx, func(*loop) error { return nil })
}

// askLoop lets the loop run f and returns its error.
func (s *Supervisor) askLoop(ctx context.Context, f func(*loop) error) error {
	answer := make(chan error, 1)
	if !s.box.Put(func(l *loop) { answer <- f(l) }) {
		return ErrEnded
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
	}
	select {
	case err := <-answer: // the last message that the loop handled
		return err
	default:
		return ErrEnded
	}
}
