package queue_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/internal/testlength"
)

// children are the programs that the test binary runs when TASK_TEST_CHILD names
// one.
var children = map[string]func(dir string) error{
	"submits": submitForEver,
	"limited": submitWithALimit,
}

func TestMain(m *testing.M) {
	if f := children[os.Getenv("TASK_TEST_CHILD")]; f != nil {
		if err := f(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testlength.LowerRapidChecks(30)
	goleak.VerifyTestMain(m)
}
