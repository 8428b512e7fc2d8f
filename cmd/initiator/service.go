package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator"
	"initiator/internal/supervise"
	"initiator/internal/systemd"
)

// service tells the service manager how an `up` is. A nil service tells nobody.
//
// READY is said when every worker that starts by itself is ready, or given up,
// or has died so often that it is left to the restart law: what is started
// after us waits for workers, but not for one that never comes up.
//
// Nothing is said by a timer alone. Before each sign of life, and before each
// request for more time, both loops of the house have answered: one that is
// stuck is left to the manager's own patience.
type service struct {
	to interface {
		Send(assignments ...string) error
	}
	every     time.Duration // between two signs of life
	watched   bool          // the manager waits for them
	log       hclog.Logger
	in        serviceHouse
	wanted    func(name string) bool
	ready     atomic.Bool  // READY was said
	reloading atomic.Int32 // reloads under way

	// The rest belongs to attend.
	ending bool
	said   string
}

// serviceHouse is what a service asks its initiator.
type serviceHouse interface {
	Workers() []supervise.Worker
	Events(since uint64) ([]supervise.Transition, <-chan struct{})
	Alive(ctx context.Context) error
	Ending() <-chan struct{}
}

var _ serviceHouse = (*initiator.Initiator)(nil)

const (
	// calmEvery is how often the manager hears of us when it does not ask.
	calmEvery = 10 * time.Second
	// moreTime is what is asked for while we go on; several signs of life may
	// get lost.
	moreTime = 4 * calmEvery
	// chances is how often a worker may die before it was ever ready, until
	// READY is not held up by it any more.
	chances = 3
)

// newService reads what the manager has told process pid; nil when nothing.
func newService(lookup func(string) (string, bool), pid int, log hclog.Logger) (*service, error) {
	to, err := systemd.NewNotifier(lookup)
	if to == nil || err != nil {
		return nil, err
	}
	limit, err := systemd.Watchdog(lookup, pid)
	if err != nil {
		return nil, err
	}
	s := &service{to: to, log: log, every: calmEvery, watched: limit > 0}
	if s.watched {
		s.every = min(s.every, limit/2)
	}
	return s, nil
}

// attend speaks of a house until over is done. The end has begun when running is
// done, or somebody has asked the house for it.
func (s *service) attend(over, running context.Context, in serviceHouse) {
	if s == nil {
		return
	}
	s.in = in
	beat := time.NewTicker(s.every)
	defer beat.Stop()
	stopping, asked := running.Done(), s.in.Ending()
	s.beat(over)
	for since := uint64(0); ; {
		var more <-chan struct{}
		if !s.ready.Load() && !s.ending {
			var past []supervise.Transition
			if past, more = s.in.Events(since); len(past) > 0 {
				since = past[len(past)-1].Seq
			}
			s.look()
		}
		select {
		case <-more:
		case <-beat.C:
			s.beat(over)
		case <-stopping:
			stopping = nil
			s.stop()
		case <-asked:
			asked = nil
			s.stop()
		case <-over.Done():
			return
		}
	}
}

// look says READY when it is time, and how far it is when that has changed.
func (s *service) look() {
	list := s.in.Workers()
	waits := 0
	for _, w := range list {
		if heldUp(w, list, s.wanted) {
			waits++
		}
	}
	switch status := statusLine(list); {
	case !s.ready.Load() && !s.ending && waits == 0:
		s.said = status
		s.ready.Store(true)
		s.send(systemd.Ready, systemd.Status(status))
	case status != s.said:
		s.said = status
		s.send(systemd.Status(status))
	}
}

// heldUp says whether READY waits for a worker.
func heldUp(w supervise.Worker, all []supervise.Worker, wanted func(string) bool) bool {
	switch {
	case givenUp(w, all, false, nil) != "", w.Deaths >= chances:
		return false
	case w.State == supervise.Stopped && w.Incarnation == 0:
		return wanted(w.Name) && !waitsForLost(w, all)
	}
	return pending(w) && !waitsForLost(w, all)
}

// waitsForLost says whether what a worker comes after has had its chances.
func waitsForLost(w supervise.Worker, all []supervise.Worker) bool {
	for _, item := range w.WaitsFor {
		name, _, _ := strings.Cut(item, ":")
		for _, other := range all {
			if other.Name == name && other.Deaths >= chances {
				return true
			}
		}
	}
	return false
}

// beat is a sign of life.
func (s *service) beat(over context.Context) {
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
		say = append(say, systemd.Extend(moreTime))
	}
	if len(say) > 0 {
		s.send(say...)
	}
	s.look()
}

func (s *service) stop() {
	if s.ending {
		return
	}
	s.ending = true
	s.send(systemd.Stopping, systemd.Status("stopping"), systemd.Extend(moreTime))
}

// during tells of a reload while do does it. Any goroutine may call it.
func (s *service) during(do func()) {
	if s == nil || !s.ready.Load() { // a start is not over because a reload is
		do()
		return
	}
	s.reloading.Add(1)
	s.send(systemd.Reloading(), systemd.Status("reloading"), systemd.Extend(moreTime))
	do()
	s.reloading.Add(-1)
	s.send(systemd.Ready, systemd.Status(statusLine(s.in.Workers())))
}

// send says something. That nobody listens is no reason to end.
func (s *service) send(assignments ...string) {
	if err := s.to.Send(assignments...); err != nil {
		s.log.Warn(err.Error())
	}
}

// statusLine is "3 of 4 workers are ready; gone is FATAL: …".
func statusLine(all []supervise.Worker) string {
	ready, among := 0, 0
	var others []string
	for _, w := range all {
		switch {
		case w.State == supervise.Running && w.Ready:
			ready++
		case w.State == supervise.Stopped && len(w.WaitsFor) == 0, w.State == supervise.Exited:
			continue // they rest
		default:
			others = append(others, fmt.Sprintf("%s is %s: %s", w.Name, stateOf(w), w.Reason))
		}
		among++
	}
	line := fmt.Sprintf("%d of %s ready", ready, plural(among, "worker"))
	if len(others) > 0 {
		line += "; " + list(others)
	}
	return line
}
