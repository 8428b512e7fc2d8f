package initiator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

// When an exec worker is killed, the process of its task ends too, although it is in
// a group of its own. The task runs again under the next incarnation.
func TestExecWorkerKilled(t *testing.T) {
	t.Parallel()
	pidsByName := filepath.Join(t.TempDir(), "pids")
	in := initiatortest.StartText(t, `
[worker:slow]
exec = sh -c 'echo $$$$ >> `+pidsByName+`; if test $$(wc -l < `+pidsByName+`) -ge 2; then echo done; else sleep 3600 & sleep 3601; fi'
retry_delay = 1ms
`)
	queued, err := in.Client().Submit(t.Context(), task.Request{Pool: "slow", Data: json.RawMessage("1")})
	if err != nil {
		t.Fatal(err)
	}
	var first int
	await(t, "its process", func() bool {
		text, _ := os.ReadFile(pidsByName)
		line, _, whole := strings.Cut(string(text), "\n")
		first, _ = strconv.Atoi(line)
		return whole
	})
	if err := syscall.Kill(in.Worker("slow").PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	got, err := whateverEnd(in.Client().Wait(t.Context(), queued.ID))
	if err != nil || string(got.Result) != `"done"` || len(got.History) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if isAlive(first) {
		t.Errorf("process %d of the first attempt is left", first)
	}
}
