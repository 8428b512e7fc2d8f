package initiator_test

import (
	"context"
	"fmt"
	"os"

	"initiator/initiator"
)

// A program embeds an initiator, waits until its workers are ready, and has a task
// done.
func Example() {
	state, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(state)
	in, err := initiator.New(initiator.Config{Path: "../testdata/quickstart.ini", StateDir: state})
	if err != nil {
		fmt.Println(err) // every fault of the INI, each with its line
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- in.Run(ctx) }()

	if err := in.Ready(ctx); err != nil {
		fmt.Println(err)
	}
	result, err := in.NewTask("adder", map[string]int{"a": 2, "b": 3}).Start(ctx).Join(ctx)
	fmt.Println(string(result), err)

	stop()
	fmt.Println("ended:", <-ended)
	// Output:
	// {"sum":5} <nil>
	// ended: <nil>
}
