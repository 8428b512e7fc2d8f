package initiator

import (
	"errors"
	"io"
	"runtime"
	"time"

	"initiator/internal/handover"
	"initiator/internal/keeper"
	"initiator/internal/output"
	"initiator/internal/statedir"
)

// StateError says that a newer program has written a file of the state directory,
// and names the safe remedy. Run and OpenTasks return a StateError before any change.
type StateError = statedir.FormatError

// openStateDir opens the state directory. Where a private directory in state_dir is
// used, the plan has the path of that directory from then on.
func (s *server) openStateDir() (err error) {
	settings := s.Plan().Settings
	s.dir, err = statedir.Open(settings.StateDir, statedir.Options{
		Version: Version, AllowUnsafe: settings.StateDirUnsafe == "allow",
		Inherited: s.execState.InheritedLock(statedir.LockPath(statedir.Locate(settings.StateDir))),
	})
	if err != nil {
		return err
	}
	for _, w := range s.dir.Warnings() {
		s.log.Warn(w)
	}
	if why := s.dir.Unsafe(); why != "" {
		s.setProblem(stateDirUnsafe, errors.New(why))
	}
	if s.dir.Path() == settings.StateDir {
		return nil
	}
	moved, err := s.Plan().WithStateDir(s.dir.Path())
	if err != nil {
		s.dir.Close()
		return err
	}
	private := s.dir.Path()
	s.privateDir.Store(&private) // for a reload
	s.current.Store(moved)
	return nil
}

// writeLastKnownState writes the state of the workers after each change, until
// the returned function is called, which writes the last one. Before an upgrade
// that is not the state of an end: the next program may crash before its first
// change.
func (s *server) writeLastKnownState() (finish func()) {
	return runWriter(func(stop <-chan struct{}) {
		s.lastKnown.Run(func() statedir.LastKnownState { return s.lastKnownState(false) }, stop)
	}, func() { s.lastKnown.Write(s.lastKnownState(!s.supervisor.Quiesced())) })
}

// lastKnownState reads the newest number before the workers, so that the number
// never promises more than the workers show.
func (s *server) lastKnownState(ended bool) statedir.LastKnownState {
	seq := s.journal.LastSeq()
	return statedir.NewLastKnownState(seq, ended, s.supervisor.WorkerProcesses(), s.supervisor.LeftProcesses())
}

// writeSnapshots writes the snapshots of kept workers until the returned function
// is called. After an end in order no worker runs on, and they are removed.
func (s *server) writeSnapshots() (finish func()) {
	return runWriter(s.snapshots.Run, func() {
		if s.supervisor.Quiesced() {
			return
		}
		if err := s.snapshots.RemoveAll(); err != nil {
			s.log.Warn("remove the snapshots of workers", "error", err)
		}
	})
}

// runWriter runs write in a goroutine. The returned function ends it, waits for
// it, and then calls last.
func runWriter(write func(stop <-chan struct{}), last func()) (finish func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		write(stop)
	}()
	return func() {
		close(stop)
		<-ended
		last()
	}
}

// keeperOptions are the options with which every keeper of this initiator is
// started, and found.
func (s *server) keeperOptions() keeper.Options {
	return keeper.Options{Logger: s.log.Named("keeper"), HandoverSocket: handover.KeeperSocket(s.StateDir()), Withhold: s.Plan().SecretVariables}
}

// endKeeper ends the keeper, or leaves it to the next program.
func (s *server) endKeeper() error {
	if s.supervisor.Quiesced() {
		s.keeper.Detach()
		return nil
	}
	return s.keeper.Close()
}

// warnOfKeep warns where on_initiator_exit = keep has no effect: without pidfds
// and subreapers a worker cannot be told from another process with its pid.
func (s *server) warnOfKeep() {
	for _, w := range s.Plan().Workers {
		if w.OnInitiatorExit == "keep" && runtime.GOOS != "linux" {
			s.log.Warn("on_initiator_exit = keep needs Linux: here the worker ends with the initiator", "worker", w.Name)
		}
	}
}

// outputGrace is how long the output of workers is written on at the end, for a
// reader that is slow.
const outputGrace = time.Second

// openRelay makes the part that shows the lines of workers. Each of the
// initiator's own outputs gets a queue, because its reader may stop reading.
func (s *server) openRelay() (closeRelay func()) {
	s.relay = &output.Relay{Logger: s.log.Named("worker")}
	var queues, shared []*output.Queue
	withQueue := func(w io.Writer) io.Writer {
		if w == nil {
			return nil
		}
		if q, ok := w.(*output.Queue); ok {
			shared = append(shared, q)
			return q // its owner closes it
		}
		q := output.NewQueue(w)
		queues = append(queues, q)
		return q
	}
	s.relay.Stdout, s.relay.Stderr = withQueue(s.config.Stdout), withQueue(s.config.Stderr)
	s.panics = s.logs.NewPanicSearch(s.background.startGoroutine, s.relay.ShowRecord)
	return func() {
		s.relay.EndAll()
		for _, q := range queues {
			q.Close(outputGrace)
		}
		if s.supervisor.Quiesced() { // the owner runs no more
			for _, q := range shared {
				q.Flush(outputGrace)
			}
		}
	}
}
