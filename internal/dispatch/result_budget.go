package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/proactor"
)

// byteBudget limits the bytes of the large results of one worker that the
// initiator receives at the same time to bounds.ResultBody. The zero value is
// unused.
type byteBudget struct {
	mu    sync.Mutex
	used  int64
	freed chan struct{} // closed at the next release; nil = no goroutine waits
}

// reserveBytes waits until n bytes are free, or until ctx ends. A reservation
// of more than the whole budget waits until no other is left. The caller calls
// release once.
func (b *byteBudget) reserveBytes(ctx context.Context, n int64) (release func(), err error) {
	for {
		b.mu.Lock()
		if b.used == 0 || b.used+n <= bounds.ResultBody {
			b.used += n
			b.mu.Unlock()
			return func() { b.releaseBytes(n) }, nil
		}
		if b.freed == nil {
			b.freed = make(chan struct{})
		}
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *byteBudget) releaseBytes(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}

// ReserveResult reserves memory for a large result of n bytes that a worker
// sends. It waits while the worker's other large results take too much. The
// caller calls release once, when the result is recorded. Errors:
// task.ErrNotFound for a token without a session, that of ctx.
func (d *Dispatcher) ReserveResult(ctx context.Context, token string, n int64) (release func(), err error) {
	found, ok := d.sessions.Load(token)
	if !ok {
		return nil, task.ErrNotFound
	}
	return found.(*workerSession).results.reserveBytes(ctx, n)
}

// ExpectsResult reports whether the worker of a session runs an attempt. A
// result of any other attempt changes nothing, so a large one need not be
// read. Errors: ErrBadTask, ErrClosed, that of ctx.
func (d *Dispatcher) ExpectsResult(ctx context.Context, token string, of proactor.TaskRef) (bool, error) {
	found, ok := d.sessions.Load(token)
	if !ok {
		return false, nil
	}
	id, err := uuid.Parse(of.ID)
	if err != nil {
		return false, ErrBadTask
	}
	from := found.(*workerSession).workerID
	return askLoop(ctx, d, func(m *loopRequest[bool], _ time.Time) {
		p := d.workers[from]
		if p == nil {
			m.reply(false, nil)
			return
		}
		r := p.running[id]
		m.reply(r != nil && r.matches(of.Attempt), nil)
	})
}
