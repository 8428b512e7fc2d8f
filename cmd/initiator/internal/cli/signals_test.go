package cli

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestASignalThatArrivesTwiceCountsOnce: the second signal ends a command at
// once, and must not come from the same order.
func TestASignalThatArrivesTwiceCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, c := NewSignalCatcher(context.Background())
		for range 2 {
			c.Deliver(syscall.SIGTERM)
		}
		if cause := (Interrupted{}); !errors.As(context.Cause(ctx), &cause) || cause.Signal != syscall.SIGTERM {
			t.Errorf("the context ended with %v", context.Cause(ctx))
		}
		if n := len(c.Later()); n != 0 {
			t.Errorf("%d later signals", n)
		}
		<-time.After(100 * time.Millisecond)
		c.Deliver(syscall.SIGTERM)
		c.Deliver(syscall.SIGINT)
		if n := len(c.Later()); n != 2 {
			t.Errorf("%d later signals, want 2", n)
		}
	})
}
