//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// TestNoTaskWaitsForAnotherHandler runs as many tasks as there are slots. Each
// handler returns only when all handlers have started.
func TestNoTaskWaitsForAnotherHandler(t *testing.T) {
	t.Parallel()
	const slots = 64
	var begun sync.WaitGroup
	begun.Add(slots)
	e := newTestExecutor(t, slots, Hooks{}, func(context.Context, json.RawMessage) (json.RawMessage, error) {
		begun.Done()
		begun.Wait()
		return nil, nil
	})
	for round := range 3 { // the second round finds idle goroutines
		for i := range slots {
			if _, err := e.startTask(t.Context(), nil, Task{ID: fmt.Sprint(i), Attempt: round + 1, unrepeatable: true}); err != nil {
				t.Fatal(err)
			}
		}
		begun.Wait()
		for len(e.runningTasks()) > 0 {
			runtime.Gosched()
		}
		begun.Add(slots)
	}
	<-e.startDrain()
}

// TestPoolHasAsManyGoroutinesAsWereBusyAtOnce, for any number of tasks, and
// its goroutines end with the executor.
func TestPoolHasAsManyGoroutinesAsWereBusyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newTestExecutor(t, 8, Hooks{}, nothing)
		for i := range 1000 {
			run, err := e.startTask(t.Context(), nil, Task{ID: fmt.Sprint(i)})
			if err != nil {
				t.Fatal(err)
			}
			<-run.doneChannel()
		}
		synctest.Wait()
		if n := len(e.pool.idle); n == 0 || n > 2 || e.pool.spare != 0 {
			t.Errorf("%d rest, %d are spare", n, e.pool.spare)
		}
		<-e.startDrain()
		synctest.Wait()
		if len(e.pool.idle) != 0 {
			t.Error("they rest although nothing more will come")
		}
	})
}

// TestPoolSurvivesLostGoroutines runs handlers that panic or end their
// goroutine, beside handlers that hang until the test releases them.
func TestPoolSurvivesLostGoroutines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 4).Draw(t, "slots")
		hang := make(chan struct{})
		var ran atomic.Int64
		e := newTestExecutor(t, slots, Hooks{}, func(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
			ran.Add(1)
			switch string(data) {
			case "0":
				panic("as asked")
			case "1":
				runtime.Goexit()
			case "2":
				<-hang
			}
			return nil, nil
		})
		hanging, taken := 0, 0
		for i := range rapid.IntRange(1, 40).Draw(t, "tasks") {
			data := fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "data"))
			if data == "2" && hanging == slots-1 {
				continue // one slot must stay free, otherwise the test does not end
			}
			for {
				run, err := e.startTask(context.Background(), nil, Task{ID: fmt.Sprint(i), Data: json.RawMessage(data)})
				if err != nil {
					runtime.Gosched() // the slots are full; a slot will become free
					continue
				}
				taken++
				if data == "2" {
					hanging++
				} else if rapid.Bool().Draw(t, "wait") {
					<-run.doneChannel()
				}
				break
			}
		}
		close(hang)
		<-e.startDrain()
		if int(ran.Load()) != taken || len(e.free) != slots {
			t.Fatalf("%d of %d have run, %d of %d slots are free", ran.Load(), taken, len(e.free), slots)
		}
	})
}
