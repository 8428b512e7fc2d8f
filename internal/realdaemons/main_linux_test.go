package realdaemons

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

var daemonsFlag = flag.Bool("daemons", false, "run the daemons of Debian")

// program is the path of the initiator that is tested.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	if !*daemonsFlag {
		fmt.Println("the daemons of Debian run with -daemons only, as in .ci/long")
		os.Exit(0)
	}
	os.Exit(runTests(m))
}

// runTests builds the initiator and runs the tests as the subreaper of every
// process that the tests start, so that an orphan stays below this process.
func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "realdaemons")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "initiator")
	if out, err := exec.Command("go", "build", "-o", program, "initiator/cmd/initiator").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the initiator: %v\n%s", err, out)
		return 1
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
