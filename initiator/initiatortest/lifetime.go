package initiatortest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"initiator/initiator"
)

// lifetime is what the Servers of a test and of its subtests share: the INI, and the
// run of the initiator. Each Restart begins another run.
type lifetime struct {
	path    string // as in the messages
	options options
	out     *output

	mu      sync.Mutex // guards current; held while an initiator ends and the next starts
	current *run
}

// run is one Run of an initiator.
type run struct {
	initiator *initiator.Initiator
	cancel    context.CancelFunc
	ended     chan struct{}
	err       error // of Run; set before ended is closed
}

func (l *lifetime) currentRun() *run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// begin starts an initiator and waits until its API answers. The caller holds the
// mutex once other goroutines know the lifetime.
func (l *lifetime) begin() error {
	in, err := initiator.New(l.options.config)
	if err != nil {
		return fmt.Errorf("start %s:\n%w", l.path, err)
	}
	if err := checkNoRecursion(in.Plan()); err != nil {
		return fmt.Errorf("start %s: %w", l.path, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{initiator: in, cancel: cancel, ended: make(chan struct{})}
	l.current = r
	go func() {
		defer close(r.ended)
		r.err = in.Run(ctx)
	}()
	<-in.Started()
	if err := in.Err(); err != nil {
		return fmt.Errorf("start %s: %w", l.path, err)
	}
	return nil
}

// Close ends the initiator before the test ends, and returns the error of its Run.
// Another Close returns the same error.
func (s *Server) Close() error {
	s.t.Helper()
	return s.endRun(s.currentRun())
}

func (s *Server) endRun(r *run) error {
	s.t.Helper()
	r.cancel()
	patience := time.NewTimer(s.options.timeout)
	defer patience.Stop()
	select {
	case <-r.ended:
	case <-patience.C:
		s.t.Errorf("the initiator does not stop within %s and is killed", s.options.timeout)
		r.initiator.Kill()
		<-r.ended
	}
	return r.err
}

// Restart ends the initiator and starts another with the same INI, state directory
// and options: the INI is read again, and the tasks and what else is kept are there.
// Restart returns, as Start does, when every worker is ready.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.replaceRun(); err != nil {
		s.failTest("restart: %v", err)
		return
	}
	if err := s.waitReady(); err != nil {
		s.failTest("restart %s: %v", s.path, err)
	}
}

func (s *Server) replaceRun() error {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.endRun(s.current); err != nil {
		return fmt.Errorf("the initiator ended with: %w", err)
	}
	return s.begin()
}

// waitReady waits for the workers, unless the test does not want it.
func (s *Server) waitReady() error {
	if s.options.noWait {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), s.options.timeout)
	defer cancel()
	return s.Initiator().Ready(ctx)
}

// endTest ends the initiator at the end of its test.
func (s *Server) endTest() {
	if err := s.Close(); err != nil {
		s.t.Errorf("the initiator ended with: %v", err)
	}
	if s.t.Failed() {
		s.t.Logf("what the initiator wrote:\n%s", s.out)
		s.showLogs()
	}
}
