// Package testjob makes a test binary the program that the file under test
// names as ${initiator:self}.
package testjob

import (
	"context"
	"fmt"
	"os"

	"initiator/jobs"
	"initiator/worker"
)

// RunIfAsked runs a job and ends the process if the process was started as `job
// NAME …`. TestMain calls it before the tests.
func RunIfAsked() {
	if len(os.Args) < 3 || os.Args[1] != "job" {
		return
	}
	err := jobs.Run(context.Background(), os.Args[2], os.Args[3:], os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(worker.ExitCode(err))
}
