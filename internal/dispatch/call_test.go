package dispatch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"initiator/initiator/task"
)

// TestACallReturnsItsOwnTask checks reused call messages, while some callers
// give up and others ask for tasks that have ended.
func TestACallReturnsItsOwnTask(t *testing.T) {
	t.Parallel()
	const callers, each = 16, 60
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 8, echo)
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for n := range each {
				key := fmt.Sprint(c, "-", n-n%3) // the second and third find the task of the first
				data := fmt.Sprintf("%q", key)
				ctx, cancel := context.WithCancel(h.ctx)
				switch rand.IntN(4) {
				case 0:
					cancel()
				case 1:
					go cancel()
				}
				got, err := h.d.Call(ctx, task.Request{Pool: "p", Key: key, Data: rawJSON(data)})
				gaveUp := errors.Is(err, context.Canceled)
				cancel()
				switch {
				case errors.Is(err, context.DeadlineExceeded): // the caller gave up before the loop took the message
				case err != nil && !gaveUp:
					t.Errorf("%s: %v", key, err)
				case got.Key != key || string(got.Data) != data:
					t.Errorf("%s was told of %s with %s", key, got.Key, got.Data)
				case !gaveUp && (got.State != task.Completed || string(got.Result) != data):
					t.Errorf("%s ended as %s with %s", key, got.State, got.Result)
				}
			}
		})
	}
	all.Wait()
	h.runInLoop(func() {
		if n := len(h.d.waiters); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

// TestEveryWaiterIsNotifiedOnce ends the dispatcher while callers come, wait
// and go. No caller hangs, and no caller is notified twice.
func TestEveryWaiterIsNotifiedOnce(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"), newPool("idle"))
	h.attachWorker("p", "w", 4, echo)
	var all sync.WaitGroup
	begun := make(chan struct{}, 32)
	for c := range 32 {
		all.Go(func() {
			for n := 0; ; n++ {
				pool := "p"
				if (c+n)%8 == 7 {
					pool = "idle" // never ends
				}
				if n == 0 {
					begun <- struct{}{}
				}
				got, err := h.d.Call(context.Background(), task.Request{Pool: pool, Data: rawJSON(`1`)})
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil || got.State != task.Completed {
					t.Errorf("%s, %v", got.State, err)
					return
				}
			}
		})
	}
	for range 32 {
		<-begun
	}
	h.stop()
	all.Wait()
}
