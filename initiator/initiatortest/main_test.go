package initiatortest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/jobs"
	"initiator/worker"
)

// TestMain makes the test binary what ${initiator:self} is in an INI: started as
// `job NAME …` it is that job.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "job" {
		err := jobs.Run(context.Background(), os.Args[2], os.Args[3:], os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(worker.ExitCode(err))
	}
	goleak.VerifyTestMain(m)
}
