//go:build unix

package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"initiator/initiator/task"
	"initiator/worker"
	"initiator/worker/call"
)

type Sum struct{ A, B *int }

type Total struct {
	Sum int `json:"sum"`
}

var sum = worker.Handle("sum", func(ctx context.Context, in Sum) (Total, error) {
	if in.A == nil || in.B == nil {
		return Total{}, errors.New("ab not found")
	}
	return Total{*in.A + *in.B}, nil
})

// A program with this main function is a worker: an initiator can launch it and
// give it tasks.
func Example() {
	worker.Main(sum)
}

// A worker can also run inside another program, such as a test. It serves calls
// of its methods until its context ends.
func ExampleRun() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Options{
			Handlers:  []worker.Handler{sum},
			Port:      -1,     // any free port
			Direct:    "open", // direct calls need no token
			Listening: func(a net.Addr) { listening <- a },
		})
	}()

	pool, err := call.New(call.Options{Addresses: []string{(<-listening).String()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	fmt.Println(call.Invoke[Total](ctx, pool, "sum", map[string]int{"a": 2, "b": 3}))

	stop()
	fmt.Println(<-ended)
	// Output:
	// {5} <nil>
	// <nil>
}

// A worker that refuses tasks as long as it has no licence, and sets the result
// of a failure.
func ExampleHooks() {
	licences := make(chan struct{}, 1)
	worker.Options{
		Handlers: []worker.Handler{
			worker.Handle("render", func(ctx context.Context, page string) (string, error) {
				worker.Progress(ctx, "started")
				if page == "" {
					return "", worker.TaskFail{Data: map[string]string{"why": "no page"}, Retry: false}
				}
				return "rendered " + page, ctx.Err()
			}),
		},
		Hooks: worker.Hooks{
			BeforeTask: func(ctx context.Context, task worker.Task) error {
				select {
				case <-licences:
					return nil
				default:
					return worker.TaskRefuse{RetryAfter: 5 * time.Second}
				}
			},
		},
	}.Main()
}

// A handler that saves its work when its worker is about to stop. An initiator
// gives the task to another worker, and it costs no attempt.
func ExampleStopping() {
	started := make(chan struct{})
	render := worker.Handle("render", func(ctx context.Context, pages []string) (int, error) {
		close(started)
		for i := range pages {
			select {
			case <-worker.Stopping(ctx):
				fmt.Printf("%d of %d pages are saved\n", i, len(pages))
				return 0, fmt.Errorf("not all pages are rendered: %w", worker.ErrStopping)
			case <-time.After(time.Hour): // the work of one page
			}
		}
		return len(pages), nil
	})

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Options{
			Handlers: []worker.Handler{render}, Port: -1, Direct: "open",
			Listening: func(a net.Addr) { listening <- a },
		})
	}()
	pool, err := call.New(call.Options{Addresses: []string{(<-listening).String()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	go call.Invoke[int](context.Background(), pool, "render", []string{"a", "b", "c"})

	<-started
	stop() // as an initiator does, or a signal
	fmt.Println(<-ended)
	// Output:
	// 0 of 3 pages are saved
	// <nil>
}

// A method is defined once, in a package that callers and the worker import. The
// worker below is launched with [worker:media].
func ExampleImplement() {
	type Image struct {
		Width  int
		Height int
	}
	pixels := task.Define[Image, int]("media.pixels")
	h := worker.Implement(pixels, func(_ context.Context, in Image) (int, error) {
		return in.Width * in.Height, nil
	})
	fmt.Println(pixels, "is", h.Name(), "in its worker")
	// Output: media.pixels is pixels in its worker
}

// Middleware that runs around every handler of a worker: it refuses tasks that
// are too large and names the method in each error.
func ExampleMiddleware() {
	limit := func(next worker.HandlerFunc) worker.HandlerFunc {
		return func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
			if len(data) > 10 {
				return nil, fmt.Errorf("%d bytes of data are too many", len(data))
			}
			return next(ctx, data)
		}
	}
	length := worker.Handle("length", func(_ context.Context, text string) (int, error) { return len(text), nil })

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	listening := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Options{
			Handlers: []worker.Handler{length}, Middleware: []worker.Middleware{limit},
			Port: -1, Direct: "open", Listening: func(a net.Addr) { listening <- a },
		})
	}()
	conn, err := call.New(call.Options{Addresses: []string{(<-listening).String()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println(call.Invoke[int](ctx, conn, "length", "short"))
	_, err = call.Invoke[int](ctx, conn, "length", "more than ten bytes")
	var failed *call.Error
	fmt.Println(errors.As(err, &failed), failed.Value)

	stop()
	fmt.Println(<-ended)
	// Output:
	// 5 <nil>
	// true 21 bytes of data are too many
	// <nil>
}
