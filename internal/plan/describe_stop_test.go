package plan

import (
	"testing"
	"time"
)

func TestDescribeStop(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{StopAsGroup: GroupAuto, StopWait: 10 * time.Second}, "TERM to the main process (a shell: to its process group), then TERM to what it leaves; KILL to every process after 10s"},
		{Spec{StopAsGroup: GroupTrue, StopWait: 90 * time.Second}, "TERM to the process group, then TERM to what it leaves; KILL to every process after 90s"},
		{Spec{StopAsGroup: GroupFalse, StopWait: time.Minute, StopCommand: []string{"x"}}, "stop_command, then TERM to the main process, then TERM to what it leaves; KILL to every process after 1min"},
		{Spec{StopAsGroup: GroupAuto, StopWait: time.Second, Exec: []string{"x"}}, "TERM to the main process, which ends the processes of its tasks; KILL to every process after 1s"},
		{Spec{StopAsGroup: GroupAuto, StopWait: time.Second, PIDFile: "/run/w.pid"}, "TERM to the main process, which pidfile can name (a shell: to its process group), then TERM to what it leaves; KILL to every process after 1s"},
		{Spec{StopAsGroup: GroupFalse, StopWait: time.Second, PIDFile: "/run/w.pid"}, "TERM to the main process, which pidfile can name, then TERM to what it leaves; KILL to every process after 1s"},
		{Spec{StopAsGroup: GroupAuto}, "KILL to every process"},
	} {
		c.spec.StopSignal = "TERM"
		if got := c.spec.DescribeStop(); got != c.want {
			t.Errorf("%+v:\n%s\nwant\n%s", c.spec, got, c.want)
		}
	}
}
