package supervise

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/lifecycle"
	"initiator/internal/mailbox"
)

// ErrEnded is returned by every request once Run has returned.
var ErrEnded = errors.New("the supervisor has ended")

// ErrStopping is returned by requests for more workers once everything is
// being stopped.
var ErrStopping = errors.New("everything is being stopped")

// Supervisor keeps the workers of one plan alive. Make one with New and run it
// with Run; all other methods may be called from any goroutine, before, during
// and after Run. Requests made before Run wait for it.
type Supervisor struct {
	opts Options
	log  hclog.Logger
	box  *mailbox.Mailbox[message]
	// ran says that Run was called; done is closed when it has returned.
	ran  atomic.Bool
	done chan struct{}
	// last is what Workers shows when no loop can be asked.
	last atomic.Pointer[[]Worker]
	loop *loop // only Run's goroutine touches it once Run was called
}

// message is anything that the loop is asked to do. It runs on the loop's
// goroutine, which alone owns the records.
type message func(*loop)

// New prepares the workers of the plan; nothing is started before Run.
func New(o Options) *Supervisor {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	s := &Supervisor{opts: o, log: o.Logger, box: mailbox.New[message](), done: make(chan struct{})}
	s.loop = newLoop(s)
	s.loop.createPools(o.Plan)
	s.publishViews(s.loop.workerViews())
	return s
}

func (s *Supervisor) publishViews(v []Worker) { s.last.Store(&v) }

// Run starts every worker with autostart, in the order of `after` and
// priority, and keeps them as the plan says. It returns when ctx is done and
// everything is stopped and empty; the error is that of a worker with
// on_fatal = shutdown, or of a keeper that could not be replaced, and nil
// otherwise. It may be called once.
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

// KillAll ends all waiting: every process gets KILL now, and Run returns when
// nothing is left. It never blocks.
func (s *Supervisor) KillAll() { s.box.Put((*loop).killAll) }

// Workers shows every worker, in the order in which they were made.
func (s *Supervisor) Workers() []Worker {
	if !s.ran.Load() {
		return *s.last.Load()
	}
	answer := make(chan []Worker, 1)
	if s.box.Put(func(l *loop) { answer <- l.workerViews() }) {
		select {
		case v := <-answer:
			return v
		case <-s.done:
		}
	}
	return *s.last.Load()
}

// ReportEvent is how the dispatcher says what it has seen of a worker. It never
// blocks, and a report about an earlier incarnation changes nothing.
func (s *Supervisor) ReportEvent(e lifecycle.Event) {
	s.box.Put(func(l *loop) { l.applyReport(e) })
}

// SignalWorkers sends a signal to the process groups of the named workers and changes
// nothing else. names are as in Start.
func (s *Supervisor) SignalWorkers(ctx context.Context, sig int, names ...string) error {
	return s.askLoop(ctx, func(l *loop) error {
		chosen, err := l.chooseWorkers(names)
		for _, w := range chosen {
			if w.rec.PID != 0 && l.keeper != nil {
				err = errors.Join(err, l.keeper.Signal(w.guid, w.rec.Incarnation, sig))
			}
		}
		return err
	})
}

// askLoop has the loop do f and waits for its answer.
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
	case err := <-answer: // the last thing that it did, as for Freeze
		return err
	default:
		return ErrEnded
	}
}
