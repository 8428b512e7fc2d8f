package call_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"initiator/worker"
	"initiator/worker/call"
)

type numbers struct{ A, B int }

// A program calls a worker through its direct listener. No initiator takes
// part; the example starts the worker itself.
func Example() {
	ctx, stopWorker := context.WithCancel(context.Background())
	defer stopWorker()
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Options{
			Handlers:  []worker.Handler{worker.Handle("sum", func(_ context.Context, in numbers) (int, error) { return in.A + in.B, nil })},
			Args:      []string{}, // the worker reads no arguments
			Port:      -1,         // any free port
			Direct:    "open",     // calls need no token
			Listening: func(a net.Addr) { listening <- a },
		})
	}()

	pool, err := call.New(call.Options{
		Addresses: []string{(<-listening).String()},
		Defaults:  []call.Option{call.WithTimeout(10 * time.Second), call.WithRetries(1)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	total, err := call.Invoke[int](ctx, pool, "sum", numbers{2, 3})
	fmt.Println(total, err)
	_, err = pool.Invoke(ctx, "product", numbers{2, 3})
	fmt.Println(err.(*call.Error).Value)

	stopWorker()
	fmt.Println(<-ended)
	// Output:
	// 5 <nil>
	// no method "product"; this worker has sum
	// <nil>
}
