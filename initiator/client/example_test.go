//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

// A program has a task done and waits for its result; then it submits a task and
// waits for it in a second step, which another process could do.
func Example() {
	dir, stop := runQuickstart() // as `initiator up` does
	defer stop()
	ctx := context.Background()

	c := client.New(filepath.Join(dir, "initiator.sock"))
	defer c.Close()
	reply, err := c.Call(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{"a": 2, "b": 3}`)})
	fmt.Println(reply.State, string(reply.Result), err)

	submitted, err := c.Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{"a": 4, "b": 5}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	done, err := c.Wait(ctx, submitted.ID)
	fmt.Println(done.State, string(done.Result), err)

	_, err = c.Submit(ctx, task.Request{Pool: "addr"})
	fmt.Println(err)
	// Output:
	// completed {"sum":5} <nil>
	// completed {"sum":9} <nil>
	// there is no pool "addr"; did you mean "adder"?
}

// runQuickstart runs an initiator with a new state directory until stop is called.
func runQuickstart() (dir string, stop func()) {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	in, err := initiator.New(initiator.Config{Path: "../../testdata/quickstart.ini", StateDir: dir})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- in.Run(ctx) }()
	if err := in.Ready(ctx); err != nil {
		panic(err)
	}
	return dir, func() {
		cancel()
		if err := <-ended; err != nil {
			panic(err)
		}
		_ = os.RemoveAll(dir)
	}
}
