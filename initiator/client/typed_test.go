//go:build unix

package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/worker"
)

type numbers struct{ A, B int }

// Both ends name a method once. The worker runs in the test binary.
var (
	typedSum   = task.Define[numbers, int]("handlers.typed_sum")
	typedText  = task.Define[string, string]("handlers.typed_text")
	typedWrong = task.Define[numbers, string]("handlers.typed_sum") // the worker's result is a number
	typedDeep  = task.Define[int, int]("handlers.typed_deep")
)

// typedHandlers are the worker's ends.
var typedHandlers = []worker.Handler{
	worker.Implement(typedSum, func(_ context.Context, in numbers) (int, error) { return in.A + in.B, nil }),
	worker.Implement(typedText, func(_ context.Context, in string) (string, error) {
		return "", worker.Permanent(errors.New("no text as " + in))
	}),
	worker.Implement(typedDeep, func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		c, err := client.FromContext(ctx)
		if err != nil {
			return 0, err
		}
		below, err := client.Call(ctx, c, typedDeep, depth-1)
		return below + 1, err
	}),
}

// A typed call has the same result and errors from outside and inside a handler.
func TestTypedCalls(t *testing.T) {
	c := initiatortest.StartHandlers(t, typedHandlers).Client()
	ctx := t.Context()
	if sum, err := client.Call(ctx, c, typedSum, numbers{2, 3}); err != nil || sum != 5 {
		t.Errorf("call: %d, %v", sum, err)
	}
	submitted, err := client.Submit(ctx, c, typedSum, numbers{4, 5}, func(r *task.Request) { r.Key = "nine" })
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := submitted.Wait(ctx); err != nil || sum != 9 {
		t.Errorf("wait: %d, %v", sum, err)
	}
	if again, err := client.Submit(ctx, c, typedSum, numbers{4, 5}, func(r *task.Request) { r.Key = "nine" }); err != nil || again.ID() != submitted.ID() {
		t.Errorf("the same key: %s, %v, want %s", again.ID(), err, submitted.ID())
	}
	_, err = client.Call(ctx, c, typedText, "this")
	var failed *task.FailedError
	if !errors.As(err, &failed) || failed.Record.State != task.Failed || failed.Record.Attempt != 1 {
		t.Errorf("a failure: %v", err)
	}
	if text, err := client.Call(ctx, c, typedWrong, numbers{1, 1}); err == nil {
		t.Errorf("a number was decoded as the text %q", text)
	}
	if depth, err := client.Call(ctx, c, typedDeep, 3); err != nil || depth != 4 {
		t.Errorf("inside a handler: %d, %v", depth, err)
	}
}

// A method is named once for both ends.
func ExampleCall() {
	resize := task.Define[numbers, int]("media.resize")
	worker.Implement(resize, func(_ context.Context, in numbers) (int, error) { return in.A * in.B, nil })

	use := func(ctx context.Context, c *client.Client) {
		bytes, err := client.Call(ctx, c, resize, numbers{3, 4})
		fmt.Println(bytes, err)
	}
	_ = use // with the client of Initiator.Client, New, HTTP or FromContext
}
