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

// said is what a callback was told.
type said struct {
	task task.Task
	err  error
}

// ears are callbacks that put what they hear into channels.
func ears() (taken, ended func(task.Task, error), heard [2]chan said) {
	heard = [2]chan said{make(chan said, 1), make(chan said, 1)}
	into := func(c chan said) func(task.Task, error) { return func(t task.Task, err error) { c <- said{t, err} } }
	return into(heard[0]), into(heard[1]), heard
}

// TestBegunIsTold: first that the task is kept, then how it ended; and of one
// that is there already, that it is known.
func TestBegunIsTold(t *testing.T) {
	h := newHouse(t, def("p"))
	g := newGate(h)
	h.worker("p", "w", 1, g.handler("g"))
	id := uuid.Must(uuid.NewV7())
	for n, known := range []bool{false, true} {
		taken, ended, heard := ears()
		h.d.SubmitAsync(task.Request{Pool: "p", ID: id, Data: raw("7")}, taken, ended)
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
	_, ended, heard := ears()
	h.d.WaitAsync(id, ended)
	if got := <-heard[1]; got.err != nil || got.task.State != task.Completed {
		t.Errorf("await: %+v", got)
	}
	h.d.WaitAsync(uuid.New(), ended)
	if got := <-heard[1]; !errors.Is(got.err, task.ErrNotFound) {
		t.Errorf("await a task that there is not: %+v", got)
	}
}

// TestBegunIsRefused to both, also when nobody is there any more.
func TestBegunIsRefused(t *testing.T) {
	h := newHouse(t, def("p"))
	taken, ended, heard := ears()
	h.d.SubmitAsync(task.Request{Pool: "q"}, taken, ended)
	var unknown *UnknownPoolError
	for _, c := range heard {
		if got := <-c; !errors.As(got.err, &unknown) {
			t.Errorf("%+v", got)
		}
	}
	h.d.SubmitAsync(task.Request{Pool: "p"}, nil, ended) // there is no worker
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

// TestForgottenIsNotTold, and the task goes on.
func TestForgottenIsNotTold(t *testing.T) {
	h := newHouse(t, def("p"))
	g := newGate(h)
	h.worker("p", "w", 1, g.handler("g"))
	taken, _, heard := ears()
	never := func(got task.Task, err error) { t.Errorf("told of what was forgotten: %+v %v", got, err) }
	begun := h.d.SubmitAsync(task.Request{Pool: "p"}, taken, never)
	id := (<-heard[0]).task.ID
	awaited := h.d.WaitAsync(id, never)
	g.next(t)
	begun.Forget()
	awaited.Forget()
	awaited.Forget()
	h.inLoop(func() {
		if len(h.d.waiters) != 0 {
			t.Error("somebody waits still")
		}
	})
	g.let()
	h.wait(id)
}

// TestACallToAFullDiskEnds: there is no task whose end could be waited for.
func TestACallToAFullDiskEnds(t *testing.T) {
	disk := storetest.New(1)
	h := newHouseOver(t, stored(t, disk), Pool{Name: "p"})
	disk.SetRoom(0)
	large := fmt.Appendf(nil, `"%01000d"`, 1)
	if _, err := h.d.Call(h.ctx, task.Request{Pool: "p", Data: large}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("call: %v", err)
	}
	taken, ended, heard := ears()
	h.d.SubmitAsync(task.Request{Pool: "p", Data: large}, taken, ended)
	for _, c := range heard {
		if got := <-c; !errors.Is(got.err, task.ErrStorage) {
			t.Errorf("begin: %+v", got)
		}
	}
	h.inLoop(func() {
		if len(h.d.waiters) != 0 {
			t.Error("somebody waits still")
		}
	})
	disk.SetRoom(-1)
}

// TestMessagesThatTheLoopNeverTakesAreAnswered puts messages before the loop
// runs, and gives the loop a context that is done already.
func TestMessagesThatTheLoopNeverTakesAreAnswered(t *testing.T) {
	d := New(Options{Queue: queue.NewMemory(queue.Retention{}), Pools: []Pool{def("p")}, Observer: newRecorder()})
	onSubmitted, onEnded, answers := ears()
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
