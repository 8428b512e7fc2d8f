package initiator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/worker"
)

// parentHandlers are the handlers of the test binary as a worker.
var parentHandlers = []worker.Handler{
	// fan has its numbers added up by another pool, two and two.
	worker.Handle("fan", func(ctx context.Context, in []int) (int, error) {
		c, err := client.FromContext(ctx)
		if err != nil {
			return 0, err
		}
		var ids []uuid.UUID
		for i := 0; i+1 < len(in); i += 2 {
			child, err := c.Submit(ctx, task.Request{Pool: "adder", Data: fmt.Appendf(nil, `{"a":%d,"b":%d}`, in[i], in[i+1]), Key: fmt.Sprint(in[i])})
			if err != nil {
				return 0, err
			}
			ids = append(ids, child.ID)
		}
		total := 0
		for _, id := range ids {
			var part struct{ Sum int }
			child, err := c.Wait(ctx, id)
			if err != nil {
				return 0, err
			}
			if err := child.Decode(&part); err != nil {
				return 0, err
			}
			total += part.Sum
		}
		return total, nil
	}),
	// hold waits for a child that takes an hour.
	worker.Handle("hold", func(ctx context.Context, _ any) (task.Task, error) {
		c, err := client.FromContext(ctx)
		if err != nil {
			return task.Task{}, err
		}
		return c.Call(ctx, task.Request{Pool: "sleeper", Data: json.RawMessage(`{"ms":3600000}`)})
	}),
	// deep submits a child with arrays that are nested that deep.
	worker.Handle("deep", func(ctx context.Context, depth int) (any, error) {
		c, err := client.FromContext(ctx)
		if err != nil {
			return nil, err
		}
		_, err = c.Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(arrays(depth))})
		return nil, worker.TaskFail{Data: map[string]string{"message": fmt.Sprint(err)}}
	}),
	// tell returns the worker's token, which no handler should do.
	worker.Handle("tell", func(ctx context.Context, _ any) (string, error) {
		token, _ := worker.Setting(ctx, "token")
		return token, nil
	}),
	worker.Handle("default", func(context.Context, any) (any, error) { return nil, nil }),
}

const parentINI = `
[worker:parent]
command = ${initiator:self} parent
slots   = 2

[worker:adder]
command = ${initiator:self} job sum

[worker:sleeper]
command = ${initiator:self} job sleep
`

func TestTaskHasChildren(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, parentINI, initiatortest.Only("parent", "adder"))
	if got := in.Call("parent.fan", json.RawMessage(`[1, 2, 3, 4, 5, 6]`)); got != "21" {
		t.Errorf("the sum is %s", got)
	}
	all, err := in.Client().List(t.Context(), task.Filter{Pool: "adder"})
	if err != nil || len(all) != 3 {
		t.Fatalf("%d children, %v", len(all), err)
	}
	parent, _ := in.Client().List(t.Context(), task.Filter{Pool: "parent"})
	for _, child := range all {
		if child.Parent != parent[0].ID {
			t.Errorf("the parent of %s is %s, want %s", child.ID, child.Parent, parent[0].ID)
		}
	}
}

func TestCancelReachesChildren(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, parentINI, initiatortest.Only("parent", "sleeper"))
	parent, err := in.Client().Submit(t.Context(), task.Request{Pool: "parent.hold"})
	if err != nil {
		t.Fatal(err)
	}
	child := awaitTask(t, in, task.Filter{Pool: "sleeper", State: task.Running})
	if _, err := in.Client().Cancel(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []uuid.UUID{parent.ID, child.ID} {
		if got, err := whateverEnd(in.Client().Wait(t.Context(), id)); err != nil || got.State != task.Cancelled {
			t.Errorf("%s is %s: %s, %v", got.Pool, got.State, got.Reason, err)
		}
	}
}
