// Package scheduler submits a task for each tick of a [schedule:NAME]. When a
// tick is due is the decision of package schedule.
package scheduler

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/task"
	"initiator/internal/plan"
	"initiator/internal/schedule"
	"initiator/internal/statedir"
)

// Submit queues a task and returns its record once it is stored.
type Submit func(context.Context, task.Request) (task.Task, error)

// Scheduler submits the tasks. The goroutine of Run owns everything but the
// channel of Replace.
//
// A tick is submitted under a key made of its schedule and its time, and noted
// after that. When everything ends in between, the tick is submitted once more
// after the restart, and is the same task.
type Scheduler struct {
	ticks  *statedir.ScheduleTicks
	submit Submit
	log    hclog.Logger
	next   chan []plan.Schedule // the newest list of a reload
}

// New makes a scheduler that goes on after ticks, which it owns from then on.
func New(ticks *statedir.ScheduleTicks, submit Submit, log hclog.Logger) *Scheduler {
	return &Scheduler{ticks: ticks, submit: submit, log: log, next: make(chan []plan.Schedule, 1)}
}

// Replace makes list the schedules from now on. Only one goroutine at a time may
// call it.
func (s *Scheduler) Replace(list []plan.Schedule) {
	select {
	case <-s.next:
	default:
	}
	s.next <- list
}

const (
	// maxSleep bounds the sleep: a clock that is set, or a machine that was
	// suspended, is noticed within it.
	maxSleep = 30 * time.Second
	// retrySleep is the pause before a tick that could not be submitted is tried
	// again. A schedule that skips late ticks gives it up when it is late.
	retrySleep = time.Second
)

// Run submits the tasks of list until ctx is done.
func (s *Scheduler) Run(ctx context.Context, list []plan.Schedule) {
	s.forgetRemoved(list)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(s.submitDue(ctx, list, time.Now()))
		select {
		case list = <-s.next:
			s.forgetRemoved(list)
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// forgetRemoved drops the ticks of schedules that do not exist any more: a
// schedule that is added again has missed nothing.
func (s *Scheduler) forgetRemoved(list []plan.Schedule) {
	exists := map[string]bool{}
	for _, one := range list {
		exists[one.Name] = true
	}
	maps.DeleteFunc(s.ticks.Last, func(name string, _ time.Time) bool { return !exists[name] })
}

// submitDue submits the ticks that are due, and returns the time to sleep.
func (s *Scheduler) submitDue(ctx context.Context, list []plan.Schedule, now time.Time) time.Duration {
	sleep, changed := maxSleep, false
	last := s.ticks.Last
	for _, one := range list {
		d, err := one.FiringTimes().DecideTick(last[one.Name], now)
		if err != nil {
			s.log.Warn("a schedule has no further tick", "schedule", one.Name, "error", err)
			continue
		}
		sleep = min(sleep, d.Next.Sub(now))
		switch tick, err := s.submitTick(ctx, one, d); {
		case err != nil:
			s.log.Warn("a schedule's task is not submitted", "schedule", one.Name, "tick", d.FireTick, "error", err)
			sleep = min(sleep, retrySleep)
		case !tick.IsZero():
			last[one.Name], changed = tick, true
		case last[one.Name].IsZero():
			last[one.Name], changed = now, true // from now on a tick can be missed
		}
	}
	if changed {
		s.writeTicks()
	}
	return sleep
}

// submitTick submits or skips the tick of a decision, and returns that tick; zero
// when the decision has none.
func (s *Scheduler) submitTick(ctx context.Context, one plan.Schedule, d schedule.Decision) (tick time.Time, err error) {
	if !d.SkipTick.IsZero() {
		s.log.Warn("a schedule's tick is skipped", "schedule", one.Name, "tick", d.SkipTick, "reason", d.Reason)
		return d.SkipTick, nil
	}
	if d.FireTick.IsZero() {
		return time.Time{}, nil
	}
	_, err = s.submit(ctx, task.Request{Pool: one.Task, Data: json.RawMessage(one.Data), Key: tickKey(one.Name, d.FireTick)})
	return d.FireTick, err
}

// tickKey makes one task of one tick, however often it is submitted.
func tickKey(name string, tick time.Time) string {
	return fmt.Sprintf("schedule:%s:%s", name, tick.UTC().Format(time.RFC3339Nano))
}

// writeTicks stores the ticks. When that fails, a schedule that makes up for
// missed ticks may do so once too often after a restart.
func (s *Scheduler) writeTicks() {
	if err := s.ticks.Write(); err != nil {
		s.log.Warn("the ticks of schedules cannot be stored", "error", err)
	}
}
