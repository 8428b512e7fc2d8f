package worker

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// freePort is a port that is free, for a worker that is to come back on it.
func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(nobody(t), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func spawnOn(t *testing.T, port string) *process {
	t.Helper()
	p := spawn(t, strings.Replace(ini, "listen_port = 0", "listen_port = "+port, 1), nil)
	p.listening()
	return p
}

// TestWorkersThatDieAndComeBack: real processes, killed while calls go on.
// Those who call with a retry see no failure, and both workers work again when
// they are back.
func TestWorkersThatDieAndComeBack(t *testing.T) {
	ports := []string{freePort(t), freePort(t)}
	workers := []*process{spawnOn(t, ports[0]), spawnOn(t, ports[1])}
	pool, events := newPool(t, PoolOptions{
		Addresses: []string{workers[0].addr, workers[1].addr},
		Defaults:  []CallOption{ownToken, WithRetries(3)},
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
				got, err := Call[map[string]int](t.Context(), pool, "sum", addition{2, 3})
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
		until(t, func() bool { return calls.Load() > before+20 })
		if err := workers[victim].cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		awaitEvent(t, events, event{"http://" + workers[victim].addr, false})
		workers[victim].exits()
		workers[victim] = spawnOn(t, ports[victim])
		awaitEvent(t, events, event{"http://" + workers[victim].addr, true})
	}
	close(stop)
	callers.Wait()
	if live := fmt.Sprint(pool.Addresses()); strings.Contains(live, "false") {
		t.Errorf("after %d calls: %s", calls.Load(), live)
	}
}

func awaitEvent(t *testing.T, events <-chan event, want event) {
	t.Helper()
	for await(t, events, fmt.Sprintf("%+v", want)) != want {
	}
}

// TestASlowWorkerStaysInThePool: a timeout takes it out for a moment, until it
// has answered that it is there.
func TestASlowWorkerStaysInThePool(t *testing.T) {
	w := spawnOn(t, freePort(t))
	pool, events := newPool(t, PoolOptions{Addresses: []string{w.addr}, Defaults: []CallOption{ownToken}})
	for range 3 {
		if _, err := pool.Invoke(t.Context(), "wait", nil, WithTimeout(10*time.Millisecond)); !errors.Is(err, ErrCallTimeout) {
			t.Error(err)
		}
		until(t, func() bool { // also while it is out; the slot is free when the handler has noticed
			_, err := pool.Invoke(t.Context(), "echo", 1)
			return err == nil
		})
		awaitEvent(t, events, event{"http://" + w.addr, true})
	}
}

// TestARemovedWorkerIsNotAskedAgain, and Close ends the asking for the others.
func TestARemovedWorkerIsNotAskedAgain(t *testing.T) {
	dead, other := nobody(t), nobody(t)
	pool, events := newPool(t, PoolOptions{Addresses: []string{dead, other}})
	if _, err := pool.Invoke(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
	await(t, events, "one to leave")
	await(t, events, "the other to leave")
	if err := pool.Remove(dead); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(pool.Addresses()); got != "map["+other+":false]" {
		t.Error(got)
	}
}
