package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// Pool is what dispatch knows of a pool.
type Pool struct {
	Name      string
	Policy    task.Policy     // of tasks that name none of their own
	QueueMax  int             // most queued tasks; 0 = no limit
	Retention queue.Retention // of finished tasks; zero = the queue's own
	Paused    bool            // takes tasks, and gives none to its workers
	// CallbackSecret signs the callbacks of its tasks; "" = that of Options.
	CallbackSecret string
}

type pool struct {
	Pool
	gone     bool // no tasks are taken for it; it has members still
	balancer loadBalancer
	members  map[workerID]*workerConn
	// refused notes which workers refused a task since it was last queued
	// for all of them. It is emptied when a worker goes, because the others
	// might wait for that one for ever.
	refused map[uuid.UUID]map[workerID]bool
	// isolated notes beside which task each of these does not run next: beside
	// the one for which their worker had to be ended.
	isolated map[uuid.UUID]uuid.UUID
}

func (d *Dispatcher) addPool(p Pool) {
	d.opts.Queue.SetRetention(p.Name, p.Retention)
	if known, ok := d.pools[p.Name]; ok {
		known.Pool, known.gone = p, false
		return
	}
	d.pools[p.Name] = &pool{Pool: p, members: map[workerID]*workerConn{}, refused: map[uuid.UUID]map[workerID]bool{}, isolated: map[uuid.UUID]uuid.UUID{}}
}

// UnknownPoolError says that no worker definition has that name.
type UnknownPoolError struct{ Name string }

// Error names the pool.
func (e *UnknownPoolError) Error() string { return fmt.Sprintf("there is no pool %q", e.Name) }

// resolvePool finds the pool and the method of a request. A request that names
// its method apart gives the whole name of the pool.
func (d *Dispatcher) resolvePool(r task.Request) (*pool, string) {
	isPool := func(name string) bool { p, ok := d.pools[name]; return ok && !p.gone }
	if r.Method != "" {
		if !isPool(r.Pool) {
			return nil, ""
		}
		return d.pools[r.Pool], r.Method
	}
	name, method, ok := task.SplitMethod(r.Pool, isPool)
	if !ok {
		return nil, ""
	}
	return d.pools[name], method
}

// SetPools makes these the pools that exist. One that is gone takes no more
// tasks; those that it has stay queued until it is back, and are run by the
// workers that it still has.
func (d *Dispatcher) SetPools(ctx context.Context, pools []Pool) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) {
		named := map[string]bool{}
		for _, p := range pools {
			named[p.Name] = true
			d.addPool(p)
		}
		for name, p := range d.pools {
			if !named[name] {
				p.gone = true
				d.forgetPool(p)
			}
		}
		m.replyAfterRound(d, struct{}{}, nil)
	})
	return err
}

// forgetPool drops a pool that is gone with its last worker.
func (d *Dispatcher) forgetPool(p *pool) {
	if p.gone && len(p.members) == 0 {
		delete(d.pools, p.Name)
		delete(d.changed, p)
	}
}

// SetPaused lets a pool rest, or go on: a paused one takes tasks and gives none to
// its workers; those that run, run on. It is not kept here: whoever makes the
// Pools says so again at the next start. Errors: *UnknownPoolError, ErrClosed.
func (d *Dispatcher) SetPaused(ctx context.Context, name string, paused bool) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) {
		p := d.pools[name]
		if p == nil || p.gone {
			m.reply(struct{}{}, &UnknownPoolError{name})
			return
		}
		p.Paused = paused
		d.changed[p] = true
		m.reply(struct{}{}, nil)
	})
	return err
}
