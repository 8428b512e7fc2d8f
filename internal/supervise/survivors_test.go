package supervise

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func init() { roles["leaver"] = runLeaver }

// runLeaver is a main process that ends and leaves a child in another session.
func runLeaver() int {
	ready := make(chan os.Signal, 1)
	signal.Notify(ready, syscall.SIGWINCH)
	startHand(&syscall.SysProcAttr{Setsid: true})
	<-ready
	return 3
}

// TestSurvivorsAreAskedToEnd: what a main process leaves gets the stop signal
// before KILL, and is logged.
func TestSurvivorsAreAskedToEnd(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "leaver", plain, func(sp *plan.Spec) { sp.Restart.Auto = "false" })))
	pid := s.line("PID ")
	if got := s.line("hand got "); got != "SIGTERM" {
		t.Errorf("the survivor got %s", got)
	}
	s.reaches("w", report.Exited)
	s.close()
	if log := s.log.String(); !strings.Contains(log, "ending what it left") || !strings.Contains(log, pid+" "+os.Args[0]) {
		t.Errorf("no line about pid %s in the log:\n%s", pid, log)
	}
}
