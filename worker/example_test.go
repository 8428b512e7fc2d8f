package worker_test

import (
	"context"
	"errors"
	"time"

	"initiator/worker"
)

type Sum struct{ A, B *int }

type Total struct {
	Sum int `json:"sum"`
}

// A worker in ten lines.
func Example() {
	worker.Main(worker.Handle("sum", func(ctx context.Context, in Sum) (Total, error) {
		if in.A == nil || in.B == nil {
			return Total{}, errors.New("ab not found")
		}
		return Total{*in.A + *in.B}, nil
	}))
}

// A worker that refuses tasks as long as it has no licence, and sets the
// result of a failure.
func Example_hooks() {
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
