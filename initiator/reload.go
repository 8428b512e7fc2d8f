package initiator

import (
	"context"
	"errors"
	"fmt"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// ErrNoFile is the error of Reload and Changes when Config.Plan was set and not
// Config.Path.
var ErrNoFile = errors.New("reload: this initiator was given a plan and not a file")

// Reload applies the INI to the running workers: only what differs is touched. A
// file with faults changes nothing, and neither does a check_command that fails:
// the error is then a *supervise.CheckError. It waits until every new or changed worker
// is ready; the error names the workers that are not.
func (in *Initiator) Reload(ctx context.Context) (report.Changes, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return report.Changes{}, err
	}
	return s.Reload(ctx)
}

// Changes compares the file as it is now with what runs. Nothing is changed. The
// error is a proactor.Faults when the file has faults.
func (in *Initiator) Changes() (report.Changes, error) {
	_, changes, err := in.comparePlans()
	return changes, err
}

// comparePlans reads the file again.
func (in *Initiator) comparePlans() (*plan.Plan, report.Changes, error) {
	if in.config.Path == "" {
		return nil, report.Changes{}, ErrNoFile
	}
	again := in.config
	again.Plan = nil
	if private := in.privateDir.Load(); private != nil {
		again.StateDir = *private
	}
	next, err := again.readPlan()
	if err != nil {
		return nil, report.Changes{}, err
	}
	now := in.Plan()
	return next, report.Changes{Workers: plan.DiffPlans(now, next), Settings: plan.DiffSettings(now, next), Schedules: plan.DiffSchedules(now, next)}, nil
}

// Reload is Initiator.Reload. It implements api.Control.
func (s *server) Reload(ctx context.Context) (report.Changes, error) {
	changes, wait, err := s.applyChanges(ctx)
	if err != nil {
		return changes, err
	}
	return changes, wait(ctx)
}

// applyChanges reads the INI again and applies it; wait waits for the workers. A
// later reload does not wait for the workers of an earlier one: it may be what
// mends them.
func (s *server) applyChanges(ctx context.Context) (changes report.Changes, wait func(context.Context) error, err error) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	// A reload is not given up. When the caller goes away, ctx only ends the wait
	// for the workers: otherwise the dispatcher and the supervisor could have
	// different plans.
	ctx = context.WithoutCancel(ctx)
	next, changes, err := s.comparePlans()
	if err != nil {
		return changes, nil, err
	}
	if err := s.supervisor.CheckPlan(ctx, next); err != nil {
		return report.Changes{}, nil, err
	}
	for _, key := range changes.Settings {
		s.log.Warn("a key of [initiator] differs; it takes effect when the initiator starts again", "key", key)
	}
	kept := *next
	kept.Settings = s.Plan().Settings // those of the start stay in force
	s.current.Store(&kept)
	s.checkKeeperEnvironment()
	if err := s.dispatcher.SetPools(ctx, s.dispatchPools(&kept)); err != nil {
		return changes, nil, fmt.Errorf("reload: %w", err)
	}
	wait, err = s.supervisor.BeginPlan(ctx, &kept)
	s.scheduler.Replace(kept.Schedules)
	return changes, wait, err
}
