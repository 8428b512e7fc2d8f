package initiator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/proactor"
)

// pidsByName of every worker, by definition.
func pidsByName(in *initiatortest.Server) map[string][]int {
	found := map[string][]int{}
	for _, w := range in.Initiator().Workers() {
		if w.PID != 0 {
			found[w.Name] = append(found[w.Name], w.PID)
		}
	}
	return found
}

func changesJSON(c report.Changes) string {
	b, _ := json.Marshal(c.Workers) // strings always marshal
	return string(b)
}

func TestReloadTouchesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "initiator.ini")
	const part = "\n[worker:%s]\ncommand = ${initiator:self} job %s\n%s\n"
	keep, change, leave := fmt.Sprintf(part, "keep", "echo", ""), fmt.Sprintf(part, "change", "sum", ""), fmt.Sprintf(part, "leave", "echo", "")
	writeFile(t, path, keep+change+leave)
	in := initiatortest.Start(t, path)
	before := pidsByName(in)

	writeFile(t, path, keep+fmt.Sprintf(part, "change", "sum", "umask = 027")+fmt.Sprintf(part, "come", "echo", ""))
	const want = `[{"name":"keep","action":"keep"},{"name":"change","action":"restart","keys":["umask"]},{"name":"come","action":"start"},{"name":"leave","action":"stop"}]`
	planned, err := in.Initiator().Changes()
	if err != nil || changesJSON(planned) != want {
		t.Fatalf("plan: %s, %v", changesJSON(planned), err)
	}
	if now := pidsByName(in); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Fatalf("plan changed something: %v, was %v", now, before)
	}
	done, err := in.Initiator().Reload(t.Context())
	if err != nil || changesJSON(done) != want {
		t.Fatalf("reload: %s, %v", changesJSON(done), err)
	}
	after := pidsByName(in)
	if fmt.Sprint(after["keep"]) != fmt.Sprint(before["keep"]) || fmt.Sprint(after["change"]) == fmt.Sprint(before["change"]) ||
		len(after["change"]) != 1 || len(after["come"]) != 1 || len(after["leave"]) != 0 {
		t.Errorf("after %v, before %v", after, before)
	}
	if got := in.Call("come", "x"); got != `"x"` {
		t.Errorf("the new pool answers %s", got)
	}
}

func TestBrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "initiator.ini")
	writeFile(t, path, adder)
	in := initiatortest.Start(t, path)
	before := pidsByName(in)
	writeFile(t, path, adder+"\n[worker:adder]\nslotz = 2\n")
	_, err := in.Initiator().Reload(t.Context())
	var faults proactor.Faults
	if !errors.As(err, &faults) || !strings.Contains(err.Error(), path) {
		t.Fatalf("reload: %v", err)
	}
	if now := pidsByName(in); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Errorf("after a reload that was refused: %v, was %v", now, before)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder)
	for _, n := range []int{5, 1, 0, 3} {
		if _, err := in.Client().Scale(t.Context(), "adder", n); err != nil {
			t.Fatal(err)
		}
		ready := 0
		for _, w := range in.Initiator().Workers() {
			if w.Ready {
				ready++
			}
		}
		if ready != n {
			t.Errorf("scaled to %d: %d are ready", n, ready)
		}
	}
	if _, err := in.Client().Scale(t.Context(), "addr", 1); err == nil {
		t.Error("a definition that does not exist was scaled")
	}
}

// With an inherited socket a client's connect waits in the backlog while the process
// behind it is replaced.
func TestRollingRestartRefusesNoConnect(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder)
	before := in.Worker("adder")
	stop, stopped := context.WithCancel(t.Context())
	var connects atomic.Int64
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		for stop.Err() == nil {
			c, err := net.Dial("tcp", before.Addr)
			if err != nil {
				failed <- err
				return
			}
			c.Close()
			connects.Add(1)
		}
	}()
	results, err := in.Client().RestartRolling(t.Context(), "adder")
	stopped()
	if err, refused := <-failed; refused {
		t.Errorf("after %d connects: %v", connects.Load(), err)
	}
	if err != nil || len(results) != 2 {
		t.Fatalf("restart: %+v, %v", results, err)
	}
	for _, r := range results {
		if !r.Worker.Ready || r.Worker.Incarnation != 2 || r.Worker.Restarts != 0 {
			t.Errorf("restarted to %+v", r.Worker)
		}
	}
	t.Logf("%d connects, none refused", connects.Load())
}

func TestSignalAndWhy(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:trap]
command  = sh -c 'trap "exit 7" HUP; echo armed; while :; do sleep 0.1; done'
contract = off
ready    = line:^armed$$
autorestart = false
`)
	if err := in.Client().Signal(t.Context(), "HUP", "trap"); err != nil {
		t.Fatal(err)
	}
	in.WaitFor("trap", func(w report.Worker) bool { return w.State == report.Exited })
	answers, err := in.Client().Why(t.Context(), "trap")
	if err != nil || len(answers) != 1 || !strings.Contains(answers[0].Sentence, "exit code 7") || !strings.Contains(answers[0].Sentence, "autorestart = false") {
		t.Errorf("why: %+v, %v", answers, err)
	}
	t.Log(answers[0].Sentence)
}
