package jobs

import (
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"initiator/internal/jobstest"
	"initiator/worker"
)

// A worker whose port another process has says so with its exit code, so that the
// initiator gives it another port.
func TestTakenPortInEveryLanguage(t *testing.T) {
	jobstest.Each(t, ".", self(languageWorker), func(t *testing.T, _ jobstest.Language, command []string) {
		foreign, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer foreign.Close()
		taken := strconv.Itoa(foreign.Addr().(*net.TCPAddr).Port)
		cmd := exec.CommandContext(t.Context(), command[0], slices.Concat(command[1:], []string{"--guid", "a1b2", "--port", taken})...)
		cmd.Env = append(cmd.Environ(), "INITIATOR_GUID=a1b2")
		cmd.Stdin = strings.NewReader("[DEFAULT]\n\n[a1b2]\ntoken = own$$token\n")
		text, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != worker.ExitPortTaken || !strings.Contains(string(text), taken) || strings.Count(string(text), "\n") > 1 {
			t.Errorf("%v; it wrote\n%s", err, text)
		}
	})
}
