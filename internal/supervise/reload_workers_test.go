package supervise

import (
	"errors"
	"os"
	"strings"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// shell is a program that does not know the contract and is ready when it writes
// "up".
func shell(script string) func(*plan.Spec) {
	return func(sp *plan.Spec) {
		plain(sp)
		sp.Command, sp.Ready = []string{"/bin/sh", "-c", script}, plan.Ready{Kind: "line", Pattern: "^up$"}
	}
}

func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

// TestReloadWorkers: by signal, by command, and of a worker that has neither.
func TestReloadWorkers(t *testing.T) {
	t.Parallel()
	said := t.TempDir() + "/said"
	s := open(t, planOf(
		spec("signal", "", shell("trap 'echo read again' HUP; echo up; while :; do sleep 0.02; done"), func(sp *plan.Spec) { sp.ReloadSignal = "HUP" }),
		spec("command", "wait", plain, func(sp *plan.Spec) { sp.ReloadCommand = sh("echo $INITIATOR_GUID >> " + said) }),
		spec("fails", "wait", plain, func(sp *plan.Spec) { sp.ReloadCommand = sh("echo first; echo no such file >&2; exit 3") }),
		spec("neither", "wait", plain),
		spec("stopped", "wait", plain, func(sp *plan.Spec) { sp.Autostart, sp.ReloadSignal = false, "HUP" }),
	))
	for _, name := range []string{"signal", "command", "fails", "neither"} {
		s.ready(name, 1)
	}
	results, err := s.ReloadWorkers(t.Context(), "signal", "command", "fails", "neither", "stopped")
	if err != nil || len(results) != 5 {
		t.Fatalf("%+v %v", results, err)
	}
	for i, want := range []struct{ note, problem string }{
		{"HUP sent to pid ", ""},
		{"its reload_command has succeeded", ""},
		{"", "reload_command: exit code 3: first; no such file"},
		{"", "it has no reload_signal and no reload_command; `initiator restart neither` gives it a new process"},
		{"", "it is STOPPED: only a running worker can read its configuration again"},
	} {
		r := results[i]
		if !strings.HasPrefix(r.Note, want.note) || r.Error != want.problem || r.Note == "" == (want.note != "") {
			t.Errorf("%s: %q %q", r.Worker.Name, r.Note, r.Error)
		}
	}
	s.line("read agai")
	if text, err := os.ReadFile(said); err != nil || strings.TrimSpace(string(text)) != s.one("command").GUID {
		t.Errorf("%q %v", text, err)
	}
	for _, w := range s.Workers() {
		if w.Incarnation > 1 {
			t.Errorf("%s was restarted", w.Name)
		}
	}
}

// TestCheckCommandComesFirst: a failed check changes nothing, whatever the
// request. With a check that succeeds, before_start still runs between the end of
// the old process and the start of the new one.
func TestCheckCommandComesFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad, said := dir+"/bad", dir+"/said"
	web := spec("web", "", shell("trap 'echo end >> "+said+"; exit 0' TERM; trap 'echo reload >> "+said+"' HUP; echo start >> "+said+"; echo up; while :; do sleep 0.02; done"), func(sp *plan.Spec) {
		sp.Replicas, sp.ReloadSignal = 2, "HUP"
		sp.BeforeStart = sh("echo before >> " + said)
		sp.CheckCommand = sh("test -e " + bad + " && { echo line 3 is wrong >&2; exit 1; }; echo check >> " + said)
	})
	other := spec("other", "wait", plain)
	s := open(t, planOf(web, other))
	s.until("three ready", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 3 })
	if err := os.WriteFile(bad, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "web: check_command: exit code 1: line 3 is wrong; nothing was changed"
	refused := func(what string, results []report.Result, n int) {
		t.Helper()
		for _, r := range results {
			if r.Error != want {
				t.Errorf("%s: %+v", what, r)
			}
		}
		if len(results) != n {
			t.Errorf("%s: %d results, want %d", what, len(results), n)
		}
	}
	results, err := s.Restart(t.Context(), "web", "other")
	refused("restart", results, 3)
	if err != nil {
		t.Error(err)
	}
	results, err = s.ReloadWorkers(t.Context(), "web")
	refused("reload", results, 2)
	if err != nil {
		t.Error(err)
	}
	results, err = s.RestartRolling(t.Context(), "web")
	refused("rolling restart", results, 1)
	if err == nil || !strings.Contains(err.Error(), "the 1 workers after it were not restarted") {
		t.Error(err)
	}
	changed := web
	changed.Slots = 7
	var check *CheckError
	if err := s.CheckPlan(t.Context(), planOf(changed, other)); !errors.As(err, &check) || err.Error() != want {
		t.Errorf("another plan: %v", err)
	}
	for _, w := range s.Workers() {
		if w.Incarnation != 1 || w.State != report.Running {
			t.Errorf("%+v", w)
		}
	}
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(said, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RestartRolling(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(said); strings.Join(strings.Fields(string(text)), " ") != "check end before start check end before start" {
		t.Errorf("%q", text)
	}
}

// TestRestartOrder: the order of a rolling restart; nothing is changed.
func TestRestartOrder(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(
		spec("app", "wait", plain, func(sp *plan.Spec) {
			sp.After, sp.CheckCommand = []plan.Dependency{{Name: "db", Condition: "ready"}}, []string{"/bin/false"}
		}),
		spec("db", "wait", plain), spec("off", "wait", plain, func(sp *plan.Spec) { sp.Autostart, sp.Priority = false, 1 }),
	))
	s.ready("app", 1)
	results, err := s.RestartOrder(t.Context(), "all")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		got = append(got, r.Worker.Name+" "+r.Note)
	}
	if text := strings.Join(got, "\n"); text != "off would be started\ndb would be restarted\napp would be restarted after its check_command" {
		t.Error(text)
	}
	if w := s.one("app"); w.Incarnation != 1 {
		t.Errorf("%+v", w)
	}
}
