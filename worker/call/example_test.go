//go:build unix

package call_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"initiator/worker"
	"initiator/worker/call"
)

type numbers struct{ A, B int }

// runWorker runs a worker in this process and returns its address. No initiator
// takes part.
func runWorker(ctx context.Context) (address string, ended <-chan error) {
	listening, result := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		result <- worker.Run(ctx, worker.Options{
			Handlers: []worker.Handler{
				worker.Handle("sum", func(_ context.Context, in numbers) (int, error) { return in.A + in.B, nil }),
				worker.Handle("report.sleep", func(ctx context.Context, _ any) (int, error) {
					<-ctx.Done()
					return 0, ctx.Err()
				}),
			},
			Args:      []string{}, // the worker reads no arguments
			Port:      -1,         // any free port
			Direct:    "open",     // calls need no token
			Listening: func(a net.Addr) { listening <- a },
		})
	}()
	return (<-listening).String(), result
}

// A program calls a worker through its direct listener.
func Example() {
	ctx, stopWorker := context.WithCancel(context.Background())
	defer stopWorker()
	address, ended := runWorker(ctx)

	pool, err := call.New(call.Options{
		Addresses: []string{address},
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
	// no method "product"; this worker has report.sleep, sum
	// <nil>
}

// A program calls a method by its dotted name in the background. The timeout
// ends the first call, Cancel ends the second.
func ExamplePool_Method() {
	ctx, stopWorker := context.WithCancel(context.Background())
	defer stopWorker()
	address, ended := runWorker(ctx)

	pool, err := call.New(call.Options{Addresses: []string{address}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	sleep := pool.Method("report").Method("sleep")
	_, err = sleep.Go(ctx, nil, call.WithTimeout(10*time.Millisecond)).Join(ctx)
	fmt.Println(sleep.Name(), errors.Is(err, call.ErrTimeout))
	future := sleep.Go(ctx, nil, call.WithTimeout(-1))
	future.Cancel()
	_, err = future.Join(ctx)
	fmt.Println(sleep.Name(), errors.Is(err, context.Canceled))

	stopWorker()
	fmt.Println(<-ended)
	// Output:
	// report.sleep true
	// report.sleep true
	// <nil>
}
