package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/initiator/report"
	"initiator/internal/systemd"
)

// serviceNotifier tells the service manager about an `up`. A nil
// serviceNotifier sends nothing.
//
// READY is sent when every worker that starts automatically is ready, was given
// up, or has failed so often that it is left to the restart policy: services
// that start after this service wait for the workers, but not for a worker that
// never becomes ready.
//
// No message is sent by a timer alone. Before each WATCHDOG and before each
// request for more time, both loops of the initiator have answered. When a loop
// is stuck, the time-out of the service manager expires.
type serviceNotifier struct {
	to interface {
		Send(assignments ...string) error
	}
	every        time.Duration // between two messages
	watched      bool          // the manager expects WATCHDOG
	log          hclog.Logger
	in           serviceSource
	startsItself func(name string) bool
	ready        atomic.Bool  // READY was sent
	reloading    atomic.Int32 // running reloads

	// Owned by notifyUntil:
	ending     bool
	sentStatus string // the last status that was sent
}

// notifyUntil reports about an initiator until over is done. The end has begun
// when running is done, or when a client has asked the initiator to shut down.
func (s *serviceNotifier) notifyUntil(over, running context.Context, in serviceSource) {
	if s == nil {
		return
	}
	s.in = in
	beat := time.NewTicker(s.every)
	defer beat.Stop()
	stopping, asked := running.Done(), s.in.Ending()
	s.sendAlive(over)
	for since := uint64(0); ; {
		var more <-chan struct{}
		if !s.ready.Load() && !s.ending {
			var past []report.Event
			if past, more = s.in.Events(since); len(past) > 0 {
				since = past[len(past)-1].Seq
			}
			s.reportReadiness()
		}
		select {
		case <-more:
		case <-beat.C:
			s.sendAlive(over)
		case <-stopping:
			stopping = nil
			s.reportStopping()
		case <-asked:
			asked = nil
			s.reportStopping()
		case <-over.Done():
			return
		}
	}
}

// reportReadiness sends READY when it is time, and the status when it has
// changed.
func (s *serviceNotifier) reportReadiness() {
	list := s.in.Workers()
	waits := 0
	for _, w := range list {
		if delaysReady(w, list, s.startsItself) {
			waits++
		}
	}
	switch status := serviceStatus(list); {
	case !s.ready.Load() && !s.ending && waits == 0:
		s.sentStatus = status
		s.ready.Store(true)
		s.sendOrLog(systemd.Ready, systemd.StatusText(status))
	case status != s.sentStatus:
		s.sentStatus = status
		s.sendOrLog(systemd.StatusText(status))
	}
}

// sendAlive sends WATCHDOG, and a request for more time where one is needed.
func (s *serviceNotifier) sendAlive(over context.Context) {
	ctx, cancel := context.WithTimeout(over, s.every)
	defer cancel()
	if err := s.in.Healthy(ctx); err != nil {
		if over.Err() == nil && !errors.Is(err, initiator.ErrClosed) {
			s.log.Error("cannot tell the service manager that the initiator is alive: " + err.Error())
		}
		return
	}
	var say []string
	if s.watched {
		say = append(say, systemd.Alive)
	}
	if !s.ready.Load() || s.ending || s.reloading.Load() > 0 {
		say = append(say, systemd.ExtendTimeout(timeoutExtension))
	}
	if len(say) > 0 {
		s.sendOrLog(say...)
	}
	s.reportReadiness()
}

// reportStopping sends STOPPING, once.
func (s *serviceNotifier) reportStopping() {
	if s.ending {
		return
	}
	s.ending = true
	s.sendOrLog(systemd.Stopping, systemd.StatusText("stopping"), systemd.ExtendTimeout(timeoutExtension))
}

// notifyReload reports a reload while do runs. Any goroutine may call it.
func (s *serviceNotifier) notifyReload(do func()) {
	if s == nil || !s.ready.Load() { // READY would end the start
		do()
		return
	}
	s.reloading.Add(1)
	s.sendOrLog(systemd.ReloadBegins(), systemd.StatusText("reloading"), systemd.ExtendTimeout(timeoutExtension))
	do()
	s.reloading.Add(-1)
	s.sendOrLog(systemd.Ready, systemd.StatusText(serviceStatus(s.in.Workers())))
}

// sendOrLog sends a message. An error is logged only.
func (s *serviceNotifier) sendOrLog(assignments ...string) {
	if err := s.to.Send(assignments...); err != nil {
		s.log.Warn(err.Error())
	}
}

// serviceSource is the part of an initiator that a serviceNotifier asks.
type serviceSource interface {
	Workers() []report.Worker
	Events(since uint64) ([]report.Event, <-chan struct{})
	Healthy(ctx context.Context) error
	Ending() <-chan struct{}
}

var _ serviceSource = (*initiator.Initiator)(nil)

const (
	// defaultInterval is the time between two messages when the manager does
	// not ask for a watchdog.
	defaultInterval = 10 * time.Second
	// timeoutExtension is the additional time that is requested; several
	// messages may get lost.
	timeoutExtension = 4 * defaultInterval
)

// newServiceNotifier reads the environment that a service manager sets for
// process pid; nil without a service manager.
func newServiceNotifier(lookup func(string) (string, bool), pid int, log hclog.Logger) (*serviceNotifier, error) {
	to, err := systemd.NewNotifier(lookup)
	if to == nil || err != nil {
		return nil, err
	}
	limit, err := systemd.WatchdogInterval(lookup, pid)
	if err != nil {
		return nil, err
	}
	s := &serviceNotifier{to: to, log: log, every: defaultInterval, watched: limit > 0}
	if s.watched {
		s.every = min(s.every, limit/2)
	}
	return s, nil
}

// delaysReady reports whether READY waits for a worker.
func delaysReady(w report.Worker, all []report.Worker, startsItself func(string) bool) bool {
	switch {
	case w.KeepsFailing(), unrecoverableReason(w, all, false, nil) != "":
		return false
	case w.State == report.Stopped && w.Incarnation == 0:
		return startsItself(w.Name) && !waitsForUnrecoverable(w, all)
	}
	return cli.IsUnsettled(w) && !waitsForUnrecoverable(w, all)
}

// waitsForUnrecoverable reports whether a worker depends on a worker that keeps
// failing.
func waitsForUnrecoverable(w report.Worker, all []report.Worker) bool {
	for _, item := range w.WaitsFor {
		name, _, _ := strings.Cut(item, ":")
		for _, other := range all {
			if other.Name == name && other.KeepsFailing() {
				return true
			}
		}
	}
	return false
}

// serviceStatus returns "3 of 4 workers ready; gone is FATAL: …".
func serviceStatus(all []report.Worker) string {
	ready, among := 0, 0
	var others []string
	for _, w := range all {
		switch {
		case w.State == report.Running && w.Ready:
			ready++
		case w.State == report.Stopped && len(w.WaitsFor) == 0, w.State == report.Exited:
			continue // it is not meant to run
		default:
			others = append(others, fmt.Sprintf("%s is %s: %s", w.Name, terminal.StateName(w), w.Reason))
		}
		among++
	}
	line := fmt.Sprintf("%d of %s ready", ready, terminal.Plural(among, "worker"))
	if len(others) > 0 {
		line += "; " + terminal.JoinNames(others)
	}
	return line
}
