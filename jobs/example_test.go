package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"initiator/jobs"
	"initiator/worker"
)

// A program lists the ready-made workers, and runs one of them.
func Example() {
	fmt.Println(strings.Join(jobs.Names(), " "))

	err := jobs.Run(context.Background(), "multiply", nil, strings.NewReader(""))
	var usage *worker.UsageError
	fmt.Println(errors.As(err, &usage), err, "exit code", worker.ExitCode(err))
	// Output:
	// crash echo exec sleep sum
	// true there is no job "multiply"; use one of crash, echo, exec, sleep, sum exit code 2
}

// This main function is the worker of the job sum. It returns when the context
// ends and the running tasks have ended.
func ExampleRun() {
	err := jobs.Run(context.Background(), "sum", os.Args[1:], os.Stdin)
	os.Exit(worker.ExitCode(err))
}
