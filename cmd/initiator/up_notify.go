package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
	"initiator/internal/systemd"
)

// serviceNotifier tells the service manager how an `up` is. A nil service tells nobody.
//
// READY is said when every worker that starts by itself is ready, or given up,
// or has died so often that it is left to the restart law: what is started
// after us waits for workers, but not for one that never comes up.
//
// Nothing is said by a timer alone. Before each sign of life, and before each
// request for more time, both loops of the house have answered: one that is
// stuck is left to the manager's own patience.
type serviceNotifier struct {
	to interface {
		Send(assignments ...string) error
	}
	every     time.Duration // between two signs of life
	watched   bool          // the manager waits for them
	log       hclog.Logger
	in        serviceSource
	wanted    func(name string) bool
	ready     atomic.Bool  // READY was said
	reloading atomic.Int32 // reloads under way

	// The rest belongs to attend.
	ending bool
	said   string
}

// notifyUntil speaks of a house until over is done. The end has begun when running is
// done, or somebody has asked the house for it.
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
			var past []supervise.Transition
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

// reportReadiness says READY when it is time, and how far it is when that has changed.
func (s *serviceNotifier) reportReadiness() {
	list := s.in.Workers()
	waits := 0
	for _, w := range list {
		if delaysReady(w, list, s.wanted) {
			waits++
		}
	}
	switch status := serviceStatus(list); {
	case !s.ready.Load() && !s.ending && waits == 0:
		s.said = status
		s.ready.Store(true)
		s.sendOrLog(systemd.Ready, systemd.StatusText(status))
	case status != s.said:
		s.said = status
		s.sendOrLog(systemd.StatusText(status))
	}
}

// sendAlive is a sign of life.
func (s *serviceNotifier) sendAlive(over context.Context) {
	ctx, cancel := context.WithTimeout(over, s.every)
	defer cancel()
	if err := s.in.Alive(ctx); err != nil {
		if over.Err() == nil {
			s.log.Error("no sign of life to the service manager: " + err.Error())
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

func (s *serviceNotifier) reportStopping() {
	if s.ending {
		return
	}
	s.ending = true
	s.sendOrLog(systemd.Stopping, systemd.StatusText("stopping"), systemd.ExtendTimeout(timeoutExtension))
}

// notifyReload tells of a reload while do does it. Any goroutine may call it.
func (s *serviceNotifier) notifyReload(do func()) {
	if s == nil || !s.ready.Load() { // a start is not over because a reload is
		do()
		return
	}
	s.reloading.Add(1)
	s.sendOrLog(systemd.ReloadBegins(), systemd.StatusText("reloading"), systemd.ExtendTimeout(timeoutExtension))
	do()
	s.reloading.Add(-1)
	s.sendOrLog(systemd.Ready, systemd.StatusText(serviceStatus(s.in.Workers())))
}

// sendOrLog says something. That nobody listens is no reason to end.
func (s *serviceNotifier) sendOrLog(assignments ...string) {
	if err := s.to.Send(assignments...); err != nil {
		s.log.Warn(err.Error())
	}
}

// serviceSource is what a service asks its initiator.
type serviceSource interface {
	Workers() []supervise.Worker
	Events(since uint64) ([]supervise.Transition, <-chan struct{})
	Alive(ctx context.Context) error
	Ending() <-chan struct{}
}

var _ serviceSource = (*initiator.Initiator)(nil)

const (
	// defaultInterval is how often the manager hears of us when it does not ask.
	defaultInterval = 10 * time.Second
	// timeoutExtension is what is asked for while we go on; several signs of life may
	// get lost.
	timeoutExtension = 4 * defaultInterval
	// maxEarlyDeaths is how often a worker may die before it was ever ready, until
	// READY is not held up by it any more.
	maxEarlyDeaths = 3
)

// newServiceNotifier reads what the manager has told process pid; nil when nothing.
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

// delaysReady says whether READY waits for a worker.
func delaysReady(w supervise.Worker, all []supervise.Worker, wanted func(string) bool) bool {
	switch {
	case unrecoverableReason(w, all, false, nil) != "", w.Deaths >= maxEarlyDeaths:
		return false
	case w.State == lifecycle.Stopped && w.Incarnation == 0:
		return wanted(w.Name) && !waitsForUnrecoverable(w, all)
	}
	return mayBecomeReady(w) && !waitsForUnrecoverable(w, all)
}

// waitsForUnrecoverable says whether what a worker comes after has had its chances.
func waitsForUnrecoverable(w supervise.Worker, all []supervise.Worker) bool {
	for _, item := range w.WaitsFor {
		name, _, _ := strings.Cut(item, ":")
		for _, other := range all {
			if other.Name == name && other.Deaths >= maxEarlyDeaths {
				return true
			}
		}
	}
	return false
}

// serviceStatus is "3 of 4 workers are ready; gone is FATAL: …".
func serviceStatus(all []supervise.Worker) string {
	ready, among := 0, 0
	var others []string
	for _, w := range all {
		switch {
		case w.State == lifecycle.Running && w.Ready:
			ready++
		case w.State == lifecycle.Stopped && len(w.WaitsFor) == 0, w.State == lifecycle.Exited:
			continue // they rest
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
