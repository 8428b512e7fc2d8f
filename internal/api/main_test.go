package api_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/internal/testjob"
	"initiator/worker"
)

// TestMain makes the test binary what ${initiator:self} is in an INI.
func TestMain(m *testing.M) {
	testjob.RunIfAsked()
	if len(os.Args) > 1 && os.Args[1] == "teller" {
		worker.Main(tellerHandlers...)
	}
	if socket := os.Getenv(connectVariable); socket != "" {
		fmt.Print(askOver(socket))
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// tellerHandlers are the handlers of a worker whose token the tests use.
var tellerHandlers = []worker.Handler{
	// token returns the worker's own token, which no other handler should do.
	worker.Handle("token", func(ctx context.Context, _ any) (string, error) {
		token, _ := worker.Setting(ctx, "token")
		return token, nil
	}),
	// hold runs until it is cancelled.
	worker.Handle("hold", func(ctx context.Context, _ any) (any, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}),
}
