package frozentime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"initiator/internal/frozentime"
)

func TestAfterFunc(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		called := make(chan time.Duration, 1)
		stop := frozentime.AfterFunc(2500*time.Millisecond, func() { called <- time.Since(began) })
		if after := <-called; after != 2500*time.Millisecond {
			t.Errorf("called after %s", after)
		}
		if stop() {
			t.Error("stop says that f was not called")
		}
		stop = frozentime.AfterFunc(time.Minute, func() { t.Error("called after stop") })
		if !stop() || stop() {
			t.Error("stop says that f was called")
		}
		time.Sleep(time.Hour) //nolint:forbidigo // in a bubble
	})
}
