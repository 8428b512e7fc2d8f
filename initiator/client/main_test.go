//go:build unix

package client_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/internal/testjob"
)

// TestMain makes the test binary what ${initiator:self} is in an INI.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "job" && os.Args[2] == "behave" {
		runMisbehavingWorker()
	}
	testjob.RunIfAsked()
	if name := os.Getenv(asProgram); name != "" {
		if err := runProgram(name, os.Getenv(asProgram+"_AT")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
