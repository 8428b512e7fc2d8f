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
		{Spec{StopAsGroup: GroupFalse, StopWait: time.Second, LeaveDescendants: LeaveExit}, "TERM to the main process, then TERM to what it leaves; KILL to every process after 1s; what it leaves when it ends by itself is left, unless it is started again"},
		{Spec{StopAsGroup: GroupAuto, StopWait: 10 * time.Second, LeaveDescendants: LeaveAlways}, "TERM to the main process (a shell: to its process group), then KILL after 10s; what it leaves is left"},
		{Spec{StopAsGroup: GroupTrue, StopWait: time.Minute, StopCommand: []string{"x"}, LeaveDescendants: LeaveAlways}, "stop_command, then TERM to the process group, then KILL after 1min; what it leaves is left"},
		{Spec{StopAsGroup: GroupFalse, LeaveDescendants: LeaveAlways}, "KILL to the main process; what it leaves is left"},
	} {
		c.spec.StopSignal = "TERM"
		if got := c.spec.DescribeStop(); got != c.want {
			t.Errorf("%+v:\n%s\nwant\n%s", c.spec, got, c.want)
		}
	}
}
