package initiatortest_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// TestParallelSubtests: each subtest has an initiator of its own, with another INI,
// and their own subtests share it.
func TestParallelSubtests(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ini, method string
		data        any
		want        string
	}{
		"numbers": {adderINI, "adder", map[string]int{"a": 2, "b": 3}, `{"sum":5}`},
		"text":    {"[worker:adder]\nexec = cat\n", "adder", "five", `"five"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := initiatortest.StartText(t, test.ini)
			for _, caller := range []string{"first", "second"} {
				t.Run(caller, func(t *testing.T) {
					t.Parallel()
					s := s.With(t)
					if got := s.Call(test.method, test.data); got != test.want {
						t.Errorf("%s, want %s", got, test.want)
					}
					if w := s.Worker("adder"); w.State != report.Running {
						t.Errorf("the worker is %s", w.State)
					}
				})
			}
		})
	}
}

// TestRestartKeepsTasks: a restart reads the INI again, and the tasks are there. The
// paths of the test are found from another working directory.
func TestRestartKeepsTasks(t *testing.T) {
	t.Chdir(t.TempDir())
	writeINI := func(text string) {
		if err := os.WriteFile("adder.ini", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writeINI(adderINI)
	s := initiatortest.Start(t, "adder.ini", initiatortest.StateDir("state"), initiatortest.Timeout(time.Minute))
	before := s.Run(task.Request{Pool: "adder", Data: []byte(`{"a": 1, "b": 1}`)})
	writeINI(adderINI + "[worker:echo]\nexec = cat\n")
	first := s.Initiator()
	t.Chdir("/")

	s.Restart()
	if s.Initiator() == first {
		t.Error("the initiator is the same")
	}
	after, err := s.Client().Task(t.Context(), before.ID)
	if err != nil || string(after.Result) != `{"sum":2}` {
		t.Errorf("the task is %+v, %v", after, err)
	}
	if got := s.Call("echo", "new"); got != `"new"` {
		t.Errorf("the new worker says %s", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error("the second Close:", err)
	}
}

// TestNoWait: Start does not wait for a worker that is never ready, and WaitFor sees
// why it is not.
func TestNoWait(t *testing.T) {
	t.Parallel()
	s := initiatortest.StartText(t, "[worker:absent]\ncommand = ./absent\n[worker:unwanted]\ncommand = ./absent\n",
		initiatortest.NoWait(), initiatortest.Only("absent"),
		initiatortest.Configure(func(c *initiator.Config) { c.GUID = "" }))
	w := s.WaitFor("absent", func(w report.Worker) bool { return w.State != report.Starting })
	if w.Reason == "" {
		t.Errorf("%+v", w)
	}
	if list := s.Initiator().Workers(); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	if _, err := os.Stat(filepath.Join(s.Initiator().StateDir(), "lock")); err != nil {
		t.Error(err)
	}
}
