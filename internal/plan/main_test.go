package plan

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/worker"
)

// asWorker makes the test binary a worker that ends once it listens.
const asWorker = "PLAN_TEST_AS_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) != "" {
		os.Exit(runWorker())
	}
	goleak.VerifyTestMain(m)
}

func runWorker() int {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	listening := false
	err := worker.Run(ctx, worker.Options{
		Stdin: os.Stdin, Getenv: os.Getenv, Port: -1,
		Handlers:  []worker.Handler{worker.Handle("echo", func(_ context.Context, in string) (string, error) { return in, nil })},
		Listening: func(net.Addr) { listening = true; end() },
	})
	if err != nil || !listening {
		fmt.Fprintln(os.Stderr, "the worker did not start:", err)
		return 1
	}
	return 0
}
