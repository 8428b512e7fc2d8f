package plan

import (
	"context"
	"errors"
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
		if err := runWorker(os.Stdin, os.Getenv); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// runWorker runs a worker until it listens.
func runWorker(stdin *os.File, getenv func(string) string) error {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	listening := false
	err := worker.Run(ctx, worker.Options{
		Stdin: stdin, Getenv: getenv, Port: -1,
		Handlers:  []worker.Handler{worker.Handle("echo", func(_ context.Context, in string) (string, error) { return in, nil })},
		Listening: func(net.Addr) { listening = true; end() },
	})
	if err == nil && !listening {
		err = errors.New("the worker ended before it listened")
	}
	return err
}
