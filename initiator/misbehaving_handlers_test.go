package initiator_test

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"initiator/worker"
)

// misbehavingHandlers are handlers of the test binary as a worker.
var misbehavingHandlers = []worker.Handler{
	worker.Handle("panic", func(context.Context, any) (any, error) { panic("in a handler") }),
	worker.Handle("exit", func(context.Context, any) (any, error) { os.Exit(3); return nil, nil }),
	// nap is healthy, and runs for longer than exit.
	worker.Handle("nap", func(ctx context.Context, _ any) (any, error) {
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
		return nil, context.Cause(ctx)
	}),
	// leak takes memory until there is no more. The limit is the process's own, so
	// that no other process is affected.
	worker.Handle("leak", func(context.Context, any) (any, error) {
		if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: 1 << 28, Max: 1 << 28}); err != nil {
			return nil, err
		}
		for held := [][]byte{}; ; {
			more := make([]byte, 1<<24)
			for i := 0; i < len(more); i += 4096 {
				more[i] = 1
			}
			held = append(held, more)
		}
	}),
}
