package api

import (
	"context"
	"testing"
	"testing/synctest"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/bytebudget"
)

// A client's data waits while too much of its data is not stored, and short data
// never waits.
func TestDataBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bytebudget.New(bounds.StreamUnstored).Reserve
		client := bytebudget.New(bounds.PeerBodies).Reserve
		ctx, cancel := context.WithCancel(t.Context())
		const each = bounds.StreamPayload
		var stored []func(task.Task, error)
		taken := 0
		count := func(task.Task, error) { taken++ }
		for range bounds.StreamUnstored / each {
			stored = append(stored, reserveData(ctx, b, client, each, count))
		}
		if got := reserveData(ctx, b, client, bounds.UncountedBody, nil); got != nil {
			t.Error("short data is counted")
		}
		begun := 0
		go func() {
			for range 2 {
				stored = append(stored, reserveData(ctx, b, client, each, count))
				begun++
			}
		}()
		synctest.Wait()
		if begun != 0 {
			t.Error("more data than the limit does not wait")
		}
		stored[0](task.Task{}, nil)
		synctest.Wait()
		if begun != 1 || taken != 1 {
			t.Errorf("%d reservations after one was stored, want 1; %d calls", begun, taken)
		}
		cancel()
		synctest.Wait()
		if begun != 2 {
			t.Error("the end of the stream does not end the wait")
		}
	})
}

// Data that is longer than the budget fits when it is alone.
func TestDataBudgetTakesOneLongData(t *testing.T) {
	b, client := bytebudget.New(bounds.StreamUnstored).Reserve, bytebudget.New(bounds.PeerBodies).Reserve
	reserveData(t.Context(), b, client, 2*bounds.StreamUnstored, nil)(task.Task{}, nil)
	reserveData(t.Context(), b, client, 2*bounds.StreamUnstored, nil)(task.Task{}, nil)
}
