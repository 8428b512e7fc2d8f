package client_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/jobs"
	"initiator/worker"
)

// TestMain makes the test binary what ${initiator:self} is in an INI.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "job" {
		if os.Args[2] == "behave" {
			runMisbehavingWorker()
		}
		err := jobs.Run(context.Background(), os.Args[2], os.Args[3:], os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(worker.ExitCode(err))
	}
	if name := os.Getenv(asProgram); name != "" {
		if err := runProgram(name, os.Getenv(asProgram+"_AT")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
