package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
)

// callbackResult holds the arguments of a callback.
type callbackResult struct {
	task task.Task
	err  error
}

// newCallbacks returns two callbacks, and the channels that receive their
// arguments.
func newCallbacks() (taken, ended func(task.Task, error), heard [2]chan callbackResult) {
	heard = [2]chan callbackResult{make(chan callbackResult, 1), make(chan callbackResult, 1)}
	into := func(c chan callbackResult) func(task.Task, error) {
		return func(t task.Task, err error) { c <- callbackResult{t, err} }
	}
	return into(heard[0]), into(heard[1]), heard
}

// TestSubmitAsyncReportsAcceptanceAndEnd submits the same id twice: the second
// submit finds the existing task.
func TestSubmitAsyncReportsAcceptanceAndEnd(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	id := uuid.Must(uuid.NewV7())
	for n, known := range []bool{false, true} {
		taken, ended, heard := newCallbacks()
		h.d.SubmitAsync(task.Request{Pool: "p", ID: id, Data: rawJSON("7")}, taken, ended)
		if got := <-heard[0]; got.err != nil || got.task.ID != id || got.task.Known != known {
			t.Errorf("submit %d, taken: %+v", n, got)
		}
		if n == 0 {
			g.next(t)
			g.let()
		}
		if got := <-heard[1]; got.err != nil || got.task.State != task.Completed || string(got.task.Result) != "7" || got.task.Known != known {
			t.Errorf("submit %d, ended: %+v", n, got)
		}
	}
	_, ended, heard := newCallbacks()
	h.d.WaitAsync(id, ended)
	if got := <-heard[1]; got.err != nil || got.task.State != task.Completed {
		t.Errorf("await: %+v", got)
	}
	h.d.WaitAsync(uuid.New(), ended)
	if got := <-heard[1]; !errors.Is(got.err, task.ErrNotFound) {
		t.Errorf("await a task that there is not: %+v", got)
	}
}

// TestSubmitAsyncReportsARefusalToBothCallbacks also checks a dispatcher that
// has ended.
func TestSubmitAsyncReportsARefusalToBothCallbacks(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	taken, ended, heard := newCallbacks()
	h.d.SubmitAsync(task.Request{Pool: "q"}, taken, ended)
	var unknown *UnknownPoolError
	for _, c := range heard {
		if got := <-c; !errors.As(got.err, &unknown) {
			t.Errorf("%+v", got)
		}
	}
	h.d.SubmitAsync(task.Request{Pool: "p"}, nil, ended) // no worker runs it
	h.stop()
	if got := <-heard[1]; !errors.Is(got.err, ErrClosed) {
		t.Errorf("what was waited for at the end: %+v", got)
	}
	h.d.SubmitAsync(task.Request{Pool: "p"}, nil, ended)
	h.d.WaitAsync(uuid.New(), taken)
	for _, c := range heard {
		if got := <-c; !errors.Is(got.err, ErrClosed) {
			t.Errorf("behind the end: %+v", got)
		}
	}
}

// TestAForgottenWaitIsNotNotified also checks that the task goes on.
func TestAForgottenWaitIsNotNotified(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	taken, _, heard := newCallbacks()
	never := func(got task.Task, err error) { t.Errorf("told of what was forgotten: %+v %v", got, err) }
	begun := h.d.SubmitAsync(task.Request{Pool: "p"}, taken, never)
	id := (<-heard[0]).task.ID
	awaited := h.d.WaitAsync(id, never)
	g.next(t)
	begun.Forget()
	awaited.Forget()
	awaited.Forget()
	h.runInLoop(func() {
		if len(h.d.waiters) != 0 {
			t.Error("a waiter is still registered")
		}
	})
	g.let()
	h.mustWait(id)
}

// TestACallToAFullDiskEnds checks that a call returns when its task cannot be
// stored.
func TestACallToAFullDiskEnds(t *testing.T) {
	t.Parallel()
	disk := storetest.New(1)
	h := newTestDispatcherOver(t, openStored(t, disk), Pool{Name: "p"})
	disk.SetRoom(0)
	large := fmt.Appendf(nil, `"%01000d"`, 1)
	if _, err := h.d.Call(h.ctx, task.Request{Pool: "p", Data: large}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("call: %v", err)
	}
	taken, ended, heard := newCallbacks()
	h.d.SubmitAsync(task.Request{Pool: "p", Data: large}, taken, ended)
	for _, c := range heard {
		if got := <-c; !errors.Is(got.err, task.ErrStorage) {
			t.Errorf("begin: %+v", got)
		}
	}
	h.runInLoop(func() {
		if len(h.d.waiters) != 0 {
			t.Error("a waiter is still registered")
		}
	})
	disk.SetRoom(-1)
}

// TestMessagesThatTheLoopNeverTakesAreAnswered puts messages before the loop
// runs, and gives the loop a context that is done already.
func TestMessagesThatTheLoopNeverTakesAreAnswered(t *testing.T) {
	t.Parallel()
	d := New(Options{Queue: queue.NewMemory(queue.Retention{}), Pools: []Pool{newPool("p")}, Observer: newObservationRecorder()})
	onSubmitted, onEnded, answers := newCallbacks()
	d.SubmitAsync(task.Request{Pool: "p"}, onSubmitted, nil)
	d.WaitAsync(uuid.New(), onEnded)
	ours, theirs := net.Pipe()
	d.AttachWorker(Attachment{GUID: "w", Incarnation: 1, Pool: "p", Stream: ours})
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Run(done); err != nil {
		t.Fatal(err)
	}
	for _, answer := range answers {
		if got := <-answer; !errors.Is(got.err, ErrClosed) {
			t.Errorf("a message in the mailbox was answered %+v, want ErrClosed", got)
		}
	}
	if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("reading from the stream of a worker that was not attached: %v, want EOF", err)
	}
}
