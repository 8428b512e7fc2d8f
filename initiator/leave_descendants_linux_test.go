package initiator_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/procfs"
)

// TestProgramLeavesItsDaemon: what a program of a supervisord.conf leaves when it
// ends for good runs on, as with supervisord, also after the end of the initiator
// and below the next one, which shows it.
func TestProgramLeavesItsDaemon(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	conf, state := filepath.Join(dir, "supervisord.conf"), filepath.Join(dir, "state")
	text := "[supervisord]\n[program:daemon]\ncommand = sh -c 'setsid sleep 1000 & echo $!'\nautorestart = false\nstartsecs = 0\nstdout_logfile = " + dir + "/pid\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := initiatortest.Start(t, conf, initiatortest.StateDir(state), initiatortest.NoWait())
	w := h.WaitFor("daemon", func(w report.Worker) bool { return w.State.String() == "EXITED" })
	pid, _ := strconv.Atoi(strings.TrimSpace(waitWritten(t, filepath.Join(dir, "pid"))))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	p, ok := procfs.ReadStat(pid)
	if !ok || p.Ended || !strings.HasSuffix(w.Reason, "; left 1") {
		t.Fatalf("the daemon %d has ended: %s", pid, w.Reason)
	}
	for _, which := range []string{"first", "second"} {
		if list := h.Initiator().LeftProcesses(); len(list) != 1 || list[0].PID != pid || list[0].Name != "daemon" {
			t.Errorf("the %s initiator shows %+v, want %d of daemon", which, list, pid)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if now, ok := procfs.ReadStat(pid); !ok || now.Ended || now.Start != p.Start {
			t.Fatalf("the daemon has ended with the %s initiator", which)
		}
		if which == "second" {
			return
		}
		if err := os.WriteFile(conf, []byte(strings.Replace(text, "startsecs = 0", "autostart = false", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		h = initiatortest.Start(t, conf, initiatortest.StateDir(state), initiatortest.NoWait())
		h.WaitFor("daemon", func(w report.Worker) bool { return w.State.String() == "STOPPED" })
	}
}
