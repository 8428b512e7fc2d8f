package api

import (
	"context"
	"testing"
	"testing/synctest"

	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// A client's data waits while too much of its data is not stored, and short data
// never waits.
func TestDataBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b dataBudget
		ctx, cancel := context.WithCancel(t.Context())
		const each = bounds.StreamPayload
		var stored []func(task.Task, error)
		taken := 0
		count := func(task.Task, error) { taken++ }
		for range bounds.StreamUnstored / each {
			stored = append(stored, b.reserveData(ctx, each, count))
		}
		if got := b.reserveData(ctx, countedData-1, nil); got != nil {
			t.Error("short data is counted")
		}
		begun := 0
		go func() {
			for range 2 {
				stored = append(stored, b.reserveData(ctx, each, count))
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
	var b dataBudget
	b.reserveData(t.Context(), 2*bounds.StreamUnstored, nil)(task.Task{}, nil)
	b.reserveData(t.Context(), 2*bounds.StreamUnstored, nil)(task.Task{}, nil)
}
