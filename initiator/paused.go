package initiator

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"initiator/internal/api"
	"initiator/internal/dispatch"
	"initiator/internal/queue"
)

// The file paused.json in the state directory: the pools that rest, until
// somebody lets them go on. A restart of the initiator does not.
const (
	pausedName    = "paused.json"
	pausedVersion = 1
	pausedWhat    = "initiator paused pools"
	pausedRemedy  = "it is safe to delete: every pool then gives tasks to its workers"
)

type pausedFile struct {
	stamp
	Pools []string `json:"pools"`
}

// pauses is which pools rest. A pool that a reload removes rests again when it
// is back.
type pauses struct {
	path  string
	mu    sync.Mutex
	pools map[string]bool
}

func readPauses(dir string) (*pauses, error) {
	p := &pauses{path: filepath.Join(dir, pausedName), pools: map[string]bool{}}
	var f pausedFile
	_, err := readSmall(p.path, &f, stamp{Version: pausedVersion, What: pausedWhat}, pausedRemedy)
	for _, name := range f.Pools {
		p.pools[name] = true
	}
	return p, err
}

// set keeps whether some pools rest. What cannot be kept is not changed.
func (p *pauses) set(names []string, paused bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := map[string]bool{}
	for name := range p.pools {
		next[name] = true
	}
	for _, name := range names {
		if delete(next, name); paused {
			next[name] = true
		}
	}
	f := pausedFile{stamp: stamp{pausedVersion, pausedWhat, Version}, Pools: []string{}}
	for name := range next {
		f.Pools = append(f.Pools, name)
	}
	slices.Sort(f.Pools)
	if err := keepSmall(p.path, f); err != nil {
		return fmt.Errorf("keep which pools are paused: %w", err)
	}
	p.pools = next
	return nil
}

func (p *pauses) has(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pools[name]
}

// mark says of each pool whether it rests.
func (p *pauses) mark(list []dispatch.Pool) []dispatch.Pool {
	for i := range list {
		list[i].Paused = p.has(list[i].Name)
	}
	return list
}

// Pause lets pools rest, or go on: a paused pool takes tasks and gives none to
// its workers, also after a restart of the initiator; what runs, runs on. The
// name "all" is every pool. The error is a *dispatch.UnknownPoolError, and nothing
// is changed, where one does not exist.
func (in *Initiator) Pause(ctx context.Context, paused bool, names ...string) error {
	if err := in.up(ctx); err != nil {
		return err
	}
	known := in.Pools()
	if slices.Contains(names, "all") {
		names = known
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return &dispatch.UnknownPoolError{Name: name}
		}
	}
	if err := in.pauses.set(names, paused); err != nil {
		return err
	}
	for _, name := range names {
		if err := in.dispatcher.SetPaused(ctx, name, paused); err != nil {
			return err
		}
	}
	return nil
}

// PoolStates tells of each pool whether it rests, and how many tasks it has.
func (in *Initiator) PoolStates(ctx context.Context) ([]api.Pool, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	counts, err := in.dispatcher.CountTasks(ctx)
	if err != nil {
		return nil, err
	}
	list := []api.Pool{}
	for _, name := range in.Pools() {
		c := counts[name]
		if c == nil {
			c = task.Counts{}
		}
		list = append(list, api.Pool{Name: name, Paused: in.pauses.has(name), Tasks: c})
	}
	return list, nil
}

// paused are the pools that rest.
func (in *Initiator) paused() []string {
	return slices.DeleteFunc(in.Pools(), func(name string) bool { return !in.pauses.has(name) })
}

// RetryAll queues every failed, cancelled or dead task again that the filter
// finds, and returns how many.
func (in *Initiator) RetryAll(ctx context.Context, f task.Filter) (int, error) {
	if err := in.up(ctx); err != nil {
		return 0, err
	}
	return in.dispatcher.RetryAll(ctx, f)
}
