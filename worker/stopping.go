package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// ErrStopping is the cause (context.Cause) with which a task's context ends
// when its worker stops. A task whose handler fails after that is handed back
// to the initiator, and runs again in another worker without losing an attempt.
// A handler that ends early because of [Stopping] returns an error that wraps
// ErrStopping, for the same effect. A result, and a [TaskFail] without Retry,
// are reported as usual.
var ErrStopping = errors.New("the worker is stopping")

// Stopping returns a channel that is closed when the worker of the task that
// ctx belongs to is about to stop: at the beginning of the definition's drain,
// or, without an initiator, at the signal that asks the worker to stop. The
// handler may go on until its context ends. A handler that needs longer than
// that saves its work and returns an error that wraps [ErrStopping]. Outside a
// task the channel is nil: a receive from it blocks for ever.
func Stopping(ctx context.Context) <-chan struct{} {
	run, ok := ctx.Value(runKey{}).(*execution)
	if !ok {
		return nil
	}
	return run.executor.stop.notice
}

// stopState is how far an executor is on the way to its end.
type stopState struct {
	notice chan struct{} // closed when handlers are told that the worker stops

	contexts atomic.Bool // the contexts of tasks have ended; a run that begins later ends its own

	mu      sync.Mutex
	noticed time.Time // when notice was closed; zero = not yet
}

// noticeStop tells the handlers that the worker stops. It returns when they
// were told first.
func (e *executor) noticeStop(now time.Time) time.Time {
	e.stop.mu.Lock()
	defer e.stop.mu.Unlock()
	if e.stop.noticed.IsZero() {
		e.stop.noticed = now
		close(e.stop.notice)
	}
	return e.stop.noticed
}

// isStopping reports whether the handlers have been told.
func (e *executor) isStopping() bool {
	select {
	case <-e.stop.notice:
		return true
	default:
		return false
	}
}

// endContexts ends the context of every task with the cause ErrStopping, also
// of a task for which BeforeTask has not decided yet.
func (e *executor) endContexts() {
	e.stop.contexts.Store(true)
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil {
			run.context.endContext(ErrStopping)
		}
	}
}

// endLateContext ends the context of a run that began after endContexts.
func (e *executor) endLateContext(run *execution) {
	if e.stop.contexts.Load() {
		run.context.endContext(ErrStopping)
	}
}

// takeNotice carries out the master's notice that it will stop the worker.
func (s *server) takeNotice() {
	if !s.executor.isStopping() {
		s.log.Info("the master is going to stop the worker", "running", s.executor.countRunning())
	}
	s.executor.noticeStop(time.Now())
}

// stopTimes are the times that a worker has for its end. A negative timeout
// means any time.
type stopTimes struct {
	drain   time.Duration // from the notice until the contexts of tasks end
	timeout time.Duration // from the signal until Run returns
}

// contextsEndAfter returns how long after the signal the contexts of tasks end:
// drain after the notice, but not before the signal and at the latest after
// half of the timeout, so that handlers have the other half to return.
func (t stopTimes) contextsEndAfter(sinceNotice time.Duration) time.Duration {
	return max(0, min(t.drain-sinceNotice, t.timeout/2))
}

// closeGrace returns how long answers in progress may take at the end.
func (t stopTimes) closeGrace() time.Duration {
	if t.timeout < 0 {
		return longestCloseGrace
	}
	return min(longestCloseGrace, t.timeout/10)
}

// longestCloseGrace is how long answers in progress may take at the end if the
// timeout allows it.
const longestCloseGrace = 2 * time.Second

// drainTasks waits until the last task has ended and its outcome is reported.
// Meanwhile it ends the contexts of the tasks. It returns an error when tasks
// still run at the end of the timeout; the outcomes of these are dropped.
func (s *server) drainTasks() error {
	signal := time.Now()
	drained := s.executor.startDrain()
	sinceNotice := signal.Sub(s.executor.noticeStop(signal))
	if s.stopTimes.timeout < 0 {
		<-drained
		return nil
	}
	contexts := time.NewTimer(s.stopTimes.contextsEndAfter(sinceNotice))
	defer contexts.Stop()
	giveUp := time.NewTimer(s.stopTimes.timeout - s.stopTimes.closeGrace())
	defer giveUp.Stop()
	for {
		select {
		case <-drained:
			return nil
		case <-contexts.C:
			s.executor.endContexts()
		case <-giveUp.C:
			tasks := s.executor.countRunning()
			s.endBase(ErrStopping) // drops the outcomes of the tasks
			return fmt.Errorf("stop: %d tasks still ran, or their results were not delivered, after %s", tasks, s.stopTimes.timeout)
		}
	}
}
