package workertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"initiator/worker"
	"initiator/worker/workertest"
)

type page struct {
	Text string `json:"text"`
}

var render = worker.Handle("render", func(ctx context.Context, in page) (string, error) {
	if in.Text == "" {
		return "", worker.TaskFail{Data: map[string]string{"message": "the page is empty"}}
	}
	worker.Progress(ctx, "rendering")
	colour, _ := worker.Setting(ctx, "colour")
	return in.Text + " in " + colour, nil
})

// A unit test of a handler. A real test has a t of its own.
func ExampleRun() {
	t := &exampleTB{}
	got := workertest.Run(t, render, page{"Hello"}, workertest.WithSetting("colour", "red"))
	fmt.Printf("%v %s %s\n", got.Completed, got.Result, got.Progress)

	got = workertest.Run(t, render, page{})
	fmt.Printf("%v %s, tried again: %v\n", got.Completed, got.Result, got.Retry)
	// Output:
	// true "Hello in red" ["rendering"]
	// false {"message":"the page is empty"}, tried again: false
}

// A function that takes the context of a handler is called without the handler.
func ExampleContext() {
	t := &exampleTB{}
	defer t.end()
	colour := func(ctx context.Context) string {
		value, ok := worker.Setting(ctx, "colour")
		if !ok {
			return "black"
		}
		return value
	}
	fmt.Println(colour(workertest.Context(t)), colour(workertest.Context(t, workertest.WithSetting("colour", "red"))))
	// Output: black red
}

// A handler that saves its work when its worker stops: the task is handed back, and
// costs no attempt.
func ExampleStop() {
	t := &exampleTB{}
	wait := worker.HandleRaw("wait", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		workertest.Stop(ctx) // a real worker gets a signal
		<-worker.Stopping(ctx)
		return nil, fmt.Errorf("page 3 is saved: %w", worker.ErrStopping)
	})
	got := workertest.Run(t, wait, nil)
	fmt.Println(got.Released, got.Err)
	// Output: true page 3 is saved: the worker is stopping
}

// exampleTB is the part of testing.TB that workertest uses.
type exampleTB struct {
	testing.TB // nil: other methods panic
	cleanups   []func()
}

func (*exampleTB) Helper()                  {}
func (*exampleTB) Context() context.Context { return context.Background() }
func (*exampleTB) Output() io.Writer        { return os.Stderr }
func (t *exampleTB) Cleanup(f func())       { t.cleanups = append(t.cleanups, f) }

func (t *exampleTB) end() {
	for _, f := range t.cleanups {
		f()
	}
}
