package initiator_test

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/procfs"
)

// A keeper that does not answer is a problem in status, in /healthz and in why, and a
// kill of everything does not wait for the keeper.
func TestSilentKeeper(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, "[worker:w]\ncontract = off\ncommand = sleep 3600\n")
	pid := in.Worker("w").PID
	w, ok := procfs.ReadStat(pid)
	if !ok {
		t.Fatal("the worker has ended")
	}
	if err := syscall.Kill(w.Parent, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var found []report.Problem
	await(t, "the problem", func() bool {
		found = in.Initiator().Status().Problems
		return len(found) > 0
	})
	if p := found[0]; p.Name != "keeper_silent" || !strings.Contains(p.Reason, "has not answered for 5s") {
		t.Errorf("status: %+v", found)
	}
	res, err := http.Get(in.Initiator().URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(body), "keeper_silent") {
		t.Errorf("healthz: %s %v", body, err)
	}
	if why, err := in.Client().Why(t.Context(), "w"); err != nil || !strings.Contains(why[0].Sentence, "has not answered for 5s") {
		t.Errorf("why: %+v %v", why, err)
	}
	in.Initiator().Kill()
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if p, there := procfs.ReadStat(pid); there && !p.Ended {
		t.Error("the worker is left")
	}
}
