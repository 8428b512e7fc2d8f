package initiatortest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"initiator/internal/plan"
	"initiator/internal/supervise"
	"initiator/internal/testjob"
	"initiator/worker"
)

// Main is TestMain in a package whose tests start workers that are the test binary
// itself, as ${initiator:self} and `exec =` are:
//
//	func TestMain(m *testing.M) { initiatortest.Main(m) }
//
// In a worker, Main runs the job of `${initiator:self} job NAME`, or else serves the
// handlers, and does not return. Otherwise it runs the tests and returns, and the
// test binary exits with their result. A TestMain that does more calls Main(nil)
// first: it returns in the process that is to run the tests, and does not run them.
func Main(m *testing.M, handlers ...worker.Handler) {
	testjob.RunIfAsked()
	if belowOwnWorker() && !namesTests(os.Args[1:]) {
		serveHandlers(handlers)
	}
	if m != nil {
		m.Run() // the result is kept in m, and is the exit code when TestMain returns
	}
}

// serveHandlers is the main function of a worker. It does not return.
func serveHandlers(handlers []worker.Handler) {
	if len(handlers) > 0 {
		worker.Main(handlers...)
	}
	fmt.Fprintf(os.Stderr, "a test has started this test binary as a worker, with the arguments %q, and initiatortest.Main has no handlers to serve: call initiatortest.Main(m, worker.Handle(…)), or write `${initiator:self} job NAME` in the INI\n", os.Args[1:])
	os.Exit(worker.ExitUsage)
}

// namesTests reports whether the arguments of a test binary are for its tests.
func namesTests(args []string) bool {
	return len(args) > 0 && strings.HasPrefix(strings.TrimLeft(args[0], "-"), "test.")
}

// belowOwnWorker reports whether this process is a worker that a test of this test
// binary has started, or a descendant of the worker.
func belowOwnWorker() bool {
	program := os.Getenv(supervise.ProgramVariable)
	self, err := os.Executable()
	if program == "" || err != nil {
		return false
	}
	if program == self {
		return true
	}
	theirs, err := os.Stat(program)
	if err != nil {
		return false
	}
	ours, err := os.Stat(self)
	return err == nil && os.SameFile(theirs, ours)
}

// checkNoRecursion returns an error when a worker of the plan would run the tests of
// this test binary, which would start the worker again.
func checkNoRecursion(p *plan.Plan) error {
	if asked := askedTest(); asked != "" {
		return fmt.Errorf("this process is a worker of StartHandlers in %s, which comes later in the test: call StartHandlers before another Start, or in a subtest of its own", asked)
	}
	if belowOwnWorker() {
		return fmt.Errorf("this test runs in a worker that a test of the same test binary has started, and would start the worker again: %q", os.Args)
	}
	self, err := os.Executable()
	if err != nil || testjob.IsPrepared() {
		return nil
	}
	for i := range p.Workers {
		if s := &p.Workers[i]; s.RunsProgram(self) && !startedByStartHandlers(s) {
			return fmt.Errorf(unpreparedText, s.Name)
		}
	}
	return nil
}

// unpreparedText is the message of a test binary without Main, with the name of a
// worker.
const unpreparedText = `worker %s is this test binary itself (${initiator:self} or exec), and would run its tests again. Add these two lines to a _test.go file of the package; a TestMain that exists calls initiatortest.Main(nil) first:

import "initiator/initiator/initiatortest"
func TestMain(m *testing.M) { initiatortest.Main(m) }
`
