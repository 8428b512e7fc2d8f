package initiator

import (
	"context"
	"errors"
	"fmt"

	"initiator/internal/api"
	"initiator/internal/plan"
	"initiator/internal/supervise"
)

// ErrNoFile says that there is nothing to read again.
var ErrNoFile = errors.New("reload: this initiator was given a plan and not a file")

// Changes compares the file as it is now with what runs. Nothing is changed.
// The error is a proactor.Faults when the file has faults.
func (in *Initiator) Changes() (api.Changes, error) {
	_, changes, err := in.compare()
	return changes, err
}

func (in *Initiator) compare() (*plan.Plan, api.Changes, error) {
	if in.reread == nil {
		return nil, api.Changes{}, ErrNoFile
	}
	next, err := in.reread()
	if err != nil {
		return nil, api.Changes{}, err
	}
	now := in.Plan()
	return next, api.Changes{Workers: plan.Diff(now, next), Settings: plan.DiffSettings(now, next), Schedules: plan.DiffSchedules(now, next)}, nil
}

// Reload makes what runs be what the file says: only what differs is touched.
// A file with faults changes nothing. It waits until everything new or changed
// is ready; the error names the workers that are not.
func (in *Initiator) Reload(ctx context.Context) (api.Changes, error) {
	if err := in.up(ctx); err != nil {
		return api.Changes{}, err
	}
	in.reloading.Lock()
	defer in.reloading.Unlock()
	next, changes, err := in.compare()
	if err != nil {
		return changes, err
	}
	for _, key := range changes.Settings {
		in.log.Warn("a key of [initiator] differs; it takes effect when the initiator starts again", "key", key)
	}
	// The settings that are in force stay those of the start.
	kept := *next
	kept.Settings = in.Plan().Settings
	in.current.Store(&kept)
	// From here on nobody turns back: with a caller that goes away, ctx ends only
	// the wait for the workers, or half of the house would know another plan.
	if err := in.dispatcher.SetPools(context.WithoutCancel(ctx), in.pauses.mark(pools(&kept))); err != nil {
		return changes, fmt.Errorf("reload: %w", err)
	}
	err = in.supervisor.ApplyPlan(ctx, &kept)
	in.schedules.replace(kept.Schedules)
	return changes, err
}

// Scale makes a definition have n workers, until the next reload that changes
// `replicas`.
func (in *Initiator) Scale(ctx context.Context, name string, n int) error {
	if err := in.up(ctx); err != nil {
		return err
	}
	return in.supervisor.ScalePool(ctx, name, n)
}

// RestartRolling gives workers new processes one at a time, each ready before
// the next; it stops at the first that does not come up.
func (in *Initiator) RestartRolling(ctx context.Context, names ...string) ([]supervise.Result, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.supervisor.RestartRolling(ctx, names...)
}

// Reopen opens the log files of all workers anew by their names, after
// somebody moved them.
func (in *Initiator) Reopen(ctx context.Context) error {
	if err := in.up(ctx); err != nil {
		return err
	}
	return in.supervisor.ReopenLogs(ctx)
}

// Clear removes the files with what workers have written, but not those that
// were rotated away before. A keeper that is older than this program may not be
// able to, until its last worker has ended; each Result says so.
func (in *Initiator) Clear(ctx context.Context, names ...string) ([]supervise.Result, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.supervisor.ClearLogs(ctx, names...)
}

// Signal sends a signal to the process groups of workers.
func (in *Initiator) Signal(ctx context.Context, signal int, names ...string) error {
	if err := in.up(ctx); err != nil {
		return err
	}
	return in.supervisor.SignalWorkers(ctx, signal, names...)
}
