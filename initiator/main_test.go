package initiator_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/initiator"
	"initiator/jobs"
	"initiator/worker"
)

// TestMain makes the test binary what ${initiator:self} is in an INI: started
// as `job NAME …` it is that job.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "job" {
		err := jobs.Run(context.Background(), os.Args[2], os.Args[3:], os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(worker.ExitCode(err))
	}
	if len(os.Args) == 4 && os.Args[1] == "up" {
		if err := upMain(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// upMain is a program that embeds the initiator: it runs an INI until it is
// ended, and says on stdout when every worker is ready.
func upMain(path, state string) error {
	in, err := initiator.New(initiator.Config{Path: path, StateDir: state})
	if err != nil {
		return err
	}
	go func() {
		fmt.Println("ready:", in.Ready(context.Background()))
	}()
	return in.Run(context.Background())
}
