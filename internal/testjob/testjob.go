// Package testjob makes a test binary the program that the file under test
// names as ${initiator:self}.
package testjob

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"initiator/jobs"
	"initiator/worker"
)

// prepared is set by RunIfAsked.
var prepared atomic.Bool

// RunIfAsked runs a job and ends the process if the process was started as `job
// NAME …`. TestMain calls it before the tests. Processes with the race detector that
// the tests start do not wait for a second before they exit.
func RunIfAsked() {
	prepared.Store(true)
	if len(os.Args) < 3 || os.Args[1] != "job" {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
		return
	}
	err := jobs.Run(context.Background(), os.Args[2], os.Args[3:], os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(worker.ExitCode(err))
}

// IsPrepared reports whether RunIfAsked was called: this test binary can then be
// started as a worker without a run of its tests.
func IsPrepared() bool { return prepared.Load() }
