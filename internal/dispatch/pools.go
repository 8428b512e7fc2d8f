package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// Pool describes a pool to the dispatcher.
type Pool struct {
	Name      string
	Policy    task.Policy     // for tasks that name no policy of their own
	QueueMax  int             // most queued tasks; 0 = no limit
	Retention queue.Retention // of finished tasks; zero = the queue's default
	Paused    bool            // the pool takes tasks and gives none to its workers
	// CallbackSecret signs the callbacks of the pool's tasks; "" = the secret
	// of Options.
	CallbackSecret string
}

type pool struct {
	Pool
	gone     bool // the pool takes no tasks; it still has workers
	balancer loadBalancer
	members  map[workerID]*workerConn
	// refused holds, for each task, the workers that refused it since the task
	// was last offered to all workers. withdrawWorker empties it, because the
	// other workers' refusals may have left a task waiting for the worker that
	// goes.
	refused map[uuid.UUID]map[workerID]bool
	// trial is the worker that runs the suspects of the pool, or that gets no
	// ordinary tasks in order to run them; nil = no worker.
	trial    *workerConn
	isolated isolation
}

func (d *Dispatcher) addPool(p Pool) {
	d.opts.Queue.SetRetention(p.Name, p.Retention)
	if known, ok := d.pools[p.Name]; ok {
		known.Pool, known.gone = p, false
		return
	}
	d.pools[p.Name] = &pool{Pool: p, members: map[workerID]*workerConn{}, refused: map[uuid.UUID]map[workerID]bool{}}
}

// UnknownPoolError says that no worker definition has that name.
type UnknownPoolError struct{ Name string }

// Error names the pool.
func (e *UnknownPoolError) Error() string { return fmt.Sprintf("there is no pool %q", e.Name) }

// Is reports whether target is task.ErrUnknownPool.
func (e *UnknownPoolError) Is(target error) bool { return target == task.ErrUnknownPool }

// resolvePool finds the pool and the method of "POOL" or "POOL.METHOD". Pool
// names may contain dots: the longest name that exists wins. A nil pool means
// that there is none.
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

// SetPools replaces the list of pools. A pool that is missing from the list
// takes no more tasks. Its queued tasks stay queued until the pool is back; its
// remaining workers still run them. Error: ErrClosed, or that of ctx.
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

// SetCallbackSecret replaces Options.CallbackSecret. A callback that is being sent
// keeps its signature. Error: ErrClosed, or that of ctx.
func (d *Dispatcher) SetCallbackSecret(ctx context.Context, secret string) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) {
		d.opts.CallbackSecret = secret
		m.reply(struct{}{}, nil)
	})
	return err
}

// forgetPool drops a removed pool together with its last worker.
func (d *Dispatcher) forgetPool(p *pool) {
	if p.gone && len(p.members) == 0 {
		delete(d.pools, p.Name)
		delete(d.changed, p)
	}
}

// SetPaused pauses a pool, or resumes it. A paused pool takes tasks and gives
// none to its workers; running tasks go on. The dispatcher does not store it:
// the caller of New and SetPools passes Pool.Paused again after a restart.
// Errors: *UnknownPoolError, ErrClosed.
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
