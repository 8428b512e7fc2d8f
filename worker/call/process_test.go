//go:build unix

package call_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"initiator/worker/call"
)

// TestKilledWorkersReturnToRotation kills real processes while calls go on.
// Calls with retries do not fail, and both workers serve calls again after
// their restart.
func TestKilledWorkersReturnToRotation(t *testing.T) {
	ports := []string{freePort(t), freePort(t)}
	workers := []*process{spawn(t, ports[0]), spawn(t, ports[1])}
	pool, events := newPool(t, call.Options{
		Addresses: []string{workers[0].address, workers[1].address},
		Defaults:  []call.Option{ownToken, call.WithRetries(3)},
	})
	stop, callers := make(chan struct{}), sync.WaitGroup{}
	var calls, failed atomic.Int64
	for range 2 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := call.Invoke[map[string]int](t.Context(), pool, "sum", addition{2, 3})
				if err != nil || got["sum"] != 5 {
					failed.Add(1)
					t.Errorf("%v %v", got, err)
				}
				calls.Add(1)
			}
		})
	}
	for round := range 3 {
		victim := round % 2
		before := calls.Load()
		awaitCondition(t, func() bool { return calls.Load() > before+20 })
		if err := workers[victim].cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		awaitEvent(t, events, event{workers[victim].address, false})
		<-workers[victim].exited
		workers[victim] = spawn(t, ports[victim])
		awaitEvent(t, events, event{workers[victim].address, true})
	}
	close(stop)
	callers.Wait()
	if live := fmt.Sprint(pool.Addresses()); strings.Contains(live, "false") {
		t.Errorf("after %d calls: %s", calls.Load(), live)
	}
}

// TestSlowWorkerReturnsToRotation: a timeout takes the worker out of the
// rotation until it answers a probe.
func TestSlowWorkerReturnsToRotation(t *testing.T) {
	w := spawn(t, freePort(t))
	pool, events := newPool(t, call.Options{Addresses: []string{w.address}, Defaults: []call.Option{ownToken}})
	for range 3 {
		if _, err := pool.Invoke(t.Context(), "wait", nil, call.WithTimeout(10*time.Millisecond)); !errors.Is(err, call.ErrTimeout) {
			t.Error(err)
		}
		awaitCondition(t, func() bool { // the call works while the worker is out of the rotation; the slot is free when the handler has returned
			_, err := pool.Invoke(t.Context(), "account.balance", 1)
			return err == nil
		})
		awaitEvent(t, events, event{w.address, true})
	}
}

// TestRemovedAddressIsNotProbed, and Close ends the probes of the other address.
func TestRemovedAddressIsNotProbed(t *testing.T) {
	first, second := refusingAddress(t), refusingAddress(t)
	pool, events := newPool(t, call.Options{Addresses: []string{first, second}})
	if _, err := pool.Invoke(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
	await(t, events, "one address to leave")
	await(t, events, "the other address to leave")
	if err := pool.RemoveAddress(first); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(pool.Addresses()); got != "map["+second+":false]" {
		t.Error(got)
	}
}
