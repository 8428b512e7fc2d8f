package dispatch

import (
	"context"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bytebudget"
	"initiator/internal/webhook"
)

// ReserveResult reserves memory for a result of n bytes that a worker sends. It
// waits while the worker's other results take too much (bounds.PeerBodies). The
// caller calls release once, when the result is recorded. Errors: task.ErrNotFound
// for a token without a session, that of ctx.
func (d *Dispatcher) ReserveResult(ctx context.Context, token string, n int64) (release func(), err error) {
	return d.reserveBody(ctx, token, n, func(s *workerSession) *bytebudget.Budget { return s.results })
}

// ReserveHeartbeat is ReserveResult for a heartbeat. Heartbeats do not wait for
// results.
func (d *Dispatcher) ReserveHeartbeat(ctx context.Context, token string, n int64) (release func(), err error) {
	return d.reserveBody(ctx, token, n, func(s *workerSession) *bytebudget.Budget { return s.heartbeats })
}

func (d *Dispatcher) reserveBody(ctx context.Context, token string, n int64, budgetOf func(*workerSession) *bytebudget.Budget) (release func(), err error) {
	found, ok := d.sessions.Load(token)
	if !ok {
		return nil, task.ErrNotFound
	}
	return budgetOf(found.(*workerSession)).Reserve(ctx, n)
}

// ExpectsResult reports whether the worker of a session runs an attempt. A
// result of any other attempt changes nothing, so a large one need not be
// read. Errors: ErrBadTask, ErrClosed, that of ctx.
func (d *Dispatcher) ExpectsResult(ctx context.Context, token string, of webhook.TaskRef) (bool, error) {
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
