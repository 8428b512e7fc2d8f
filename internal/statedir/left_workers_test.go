package statedir

import (
	"reflect"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/supervise"
)

// TestLeftWorkersOfThisBoot: a process id of another boot names another process.
func TestLeftWorkersOfThisBoot(t *testing.T) {
	t.Parallel()
	escaped := []keeper.EscapedProcess{{PID: 8, StartTime: 80}}
	s := NewLastKnownState(1, false, []supervise.WorkerProcesses{{Worker: report.Worker{GUID: "w", PID: 7}, StartTime: 70, Escaped: escaped}}, []report.LeftProcess{{PID: 9, StartTime: 90, Command: "x --password secret"}})
	s.Boot = "this"
	for boot, want := range map[string]supervise.LeftWorker{
		"this":    {GUID: "w", PID: 7, StartTime: 70, Escaped: escaped},
		"another": {GUID: "w"},
		"":        {GUID: "w"},
	} {
		if got := s.leftWorkers(boot); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("boot %q: %+v, want %+v", boot, got, want)
		}
		if left := s.LeftInBoot(boot); (boot == "this") != (len(left) == 1) || len(left) == 1 && left[0] != (report.LeftProcess{PID: 9, StartTime: 90}) {
			t.Errorf("boot %q: left %+v", boot, left)
		}
	}
}
