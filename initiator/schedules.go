package initiator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/plan"
	"initiator/internal/queue"
	"initiator/internal/schedule"
)

// The file schedules.json in the state directory: the last tick of each
// schedule that has fired or was given up.
const (
	schedulesName    = "schedules.json"
	schedulesVersion = 1
	schedulesWhat    = "initiator schedules"
	schedulesRemedy  = "it is safe to delete: every schedule then begins with its next tick"
)

type schedulesFile struct {
	stamp
	Last map[string]time.Time `json:"last"`
}

// schedules submits a task for each tick. One goroutine, that of run, owns what
// is not handed to it by replace.
//
// A tick is submitted under a key made of its schedule and its time, and noted
// after that: should everything end in between, it is submitted once more, and
// is the same task.
type schedules struct {
	path   string
	last   map[string]time.Time
	submit func(context.Context, task.Request) (task.Task, error)
	log    hclog.Logger
	next   chan []plan.Schedule // after a reload; holds the newest
}

func readSchedules(dir string, submit func(context.Context, task.Request) (task.Task, error), log hclog.Logger) (*schedules, error) {
	s := &schedules{
		path: filepath.Join(dir, schedulesName), last: map[string]time.Time{}, submit: submit, log: log, next: make(chan []plan.Schedule, 1),
	}
	var f schedulesFile
	_, err := readSmall(s.path, &f, stamp{Version: schedulesVersion, What: schedulesWhat}, schedulesRemedy)
	maps.Copy(s.last, f.Last)
	return s, err
}

// replace makes these the schedules that there are. One goroutine at a time
// may call it.
func (s *schedules) replace(list []plan.Schedule) {
	select {
	case <-s.next:
	default:
	}
	s.next <- list
}

const (
	// lookAgain bounds the sleep: a clock that is set, or a machine that was
	// suspended, is noticed within it.
	lookAgain = 30 * time.Second
	// submitPause is the pause before a tick that could not be submitted is
	// tried again. A schedule that skips gives it up when it is late.
	submitPause = time.Second
)

// run lives until ctx ends.
func (s *schedules) run(ctx context.Context, list []plan.Schedule) {
	s.forget(list)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(s.round(ctx, list, time.Now()))
		select {
		case list = <-s.next:
			s.forget(list)
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// forget drops what is known of schedules that are gone: one that comes back
// has missed nothing.
func (s *schedules) forget(list []plan.Schedule) {
	there := map[string]bool{}
	for _, one := range list {
		there[one.Name] = true
	}
	maps.DeleteFunc(s.last, func(name string, _ time.Time) bool { return !there[name] })
}

// round does what is due, and returns how long nothing will be.
func (s *schedules) round(ctx context.Context, list []plan.Schedule, now time.Time) time.Duration {
	wait, changed := lookAgain, false
	for _, one := range list {
		d, err := one.When().Decide(s.last[one.Name], now)
		if err != nil {
			s.log.Warn("a schedule has no tick to come", "schedule", one.Name, "error", err)
			continue
		}
		wait = min(wait, d.Next.Sub(now))
		switch tick, err := s.tick(ctx, one, d); {
		case err != nil:
			s.log.Warn("a schedule's task is not submitted", "schedule", one.Name, "tick", d.Fire, "error", err)
			wait = min(wait, submitPause)
		case !tick.IsZero():
			s.last[one.Name], changed = tick, true
		case s.last[one.Name].IsZero():
			s.last[one.Name], changed = now, true // from here on a tick can be missed
		}
	}
	if changed {
		s.keep()
	}
	return wait
}

// tick submits or skips one, and returns which tick is over with that.
func (s *schedules) tick(ctx context.Context, one plan.Schedule, d schedule.Decision) (over time.Time, err error) {
	if !d.Skip.IsZero() {
		s.log.Warn("a schedule's tick is skipped", "schedule", one.Name, "tick", d.Skip, "reason", d.Reason)
		return d.Skip, nil
	}
	if d.Fire.IsZero() {
		return time.Time{}, nil
	}
	_, err = s.submit(ctx, task.Request{Pool: one.Task, Data: json.RawMessage(one.Data), Key: tickKey(one.Name, d.Fire)})
	return d.Fire, err
}

// tickKey makes one task of one tick, however often it is submitted.
func tickKey(name string, tick time.Time) string {
	return fmt.Sprintf("schedule:%s:%s", name, tick.UTC().Format(time.RFC3339Nano))
}

// keep writes down what has happened. Without it, a schedule that makes up for
// missed ticks may do so once too often after a restart.
func (s *schedules) keep() {
	f := schedulesFile{stamp{schedulesVersion, schedulesWhat, Version}, s.last}
	if err := keepSmall(s.path, f); err != nil {
		s.log.Warn("the ticks of schedules cannot be noted", "error", err)
	}
}
