//go:build unix

package ding_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"

	"initiator/worker/ding"
)

// A master gives a task to a slave. Either of the two may be the original in
// Python.
func Example() {
	ctx := context.Background()
	slave := ding.NewSlave(ding.SlaveOptions{
		Port: -1, // any free port
		ProcessTask: func(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
			var in struct{ A, B *int }
			if err := json.Unmarshal(data, &in); err != nil || in.A == nil || in.B == nil {
				return nil, ding.TaskFail{Data: map[string]string{"message": "ab not found"}}
			}
			return json.Marshal(map[string]int{"sum": *in.A + *in.B})
		},
	})
	master := ding.NewMaster(ding.MasterOptions{Port: -1})
	if err := run(ctx, master, slave); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"sum":5} COMPLETED
	// {"message":"ab not found"} FAILED
}

func run(ctx context.Context, master *ding.Master, slave *ding.Slave) error {
	if err := errors.Join(slave.Start(), master.Start(ctx)); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(slave.Address())
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	connection, err := master.NewConnection("adder", host, number, false)
	if err != nil {
		return err
	}
	if err := connection.Connect(ctx); err != nil {
		return err
	}
	show := func(_, result json.RawMessage) { fmt.Print(string(result), " ") }
	for _, data := range []any{map[string]int{"a": 2, "b": 3}, map[string]int{"a": 2}} {
		task := connection.NewTask(data).OnComplete(show).OnFail(show).Start(ctx)
		_, _ = task.Join(ctx) // the error of a failed task is its result
		fmt.Println(task.Status())
	}
	return errors.Join(
		connection.Disconnect(ctx),
		master.Shutdown(ctx), master.Join(ctx),
		slave.Shutdown(ctx), slave.Join(ctx),
	)
}
