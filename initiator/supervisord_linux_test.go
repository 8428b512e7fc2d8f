package initiator_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/testlength"
)

// processStates are the states of the processes of all.conf, with the names and words
// of supervisorctl.
var processStates = map[string]string{
	"web:web_00": "RUNNING", "web:web_01": "RUNNING", "web:web_02": "RUNNING", "back:worker": "RUNNING", "back:beat": "RUNNING",
	"hello": "RUNNING", "once": "EXITED", "broken": "FATAL", "maintenance": "STOPPED", "included": "RUNNING", "nobody": "RUNNING",
}

// copySupervisordConf copies all.conf with its files, and changes to their directory:
// supervisord's processes run where it was started.
func copySupervisordConf(t *testing.T) (path string, want map[string]string) {
	t.Helper()
	source, err := filepath.Abs("../testdata/supervisord")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range []string{"all.conf", "bin/hello", "conf.d/included.conf", "conf.d/nobody.conf"} {
		copyFile(t, filepath.Join(source, f), filepath.Join(dir, f))
	}
	want = processStates
	if os.Geteuid() != 0 { // only root can change the user of a process
		want = mapsWithout(want, "nobody")
		if err := os.Remove(filepath.Join(dir, "conf.d/nobody.conf")); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return filepath.Join(dir, "all.conf"), want
}

func mapsWithout(m map[string]string, name string) map[string]string {
	less := map[string]string{}
	for k, v := range m {
		if k != name {
			less[k] = v
		}
	}
	return less
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The initiator runs a supervisord.conf as it is: every process has the state and the
// name that it has under supervisord.
func TestRunsSupervisordConf(t *testing.T) {
	path, want := copySupervisordConf(t)
	h := initiatortest.Start(t, path, initiatortest.NoWait())
	waitStates(t, h, want)
	for _, log := range []struct{ file, text string }{
		{"web_01.log", "web 1\n"}, {"hello.log", "hello two  words\nhello its\nhello \"quoted\"\n"}, {"hello.err.log", "an error\n"},
	} {
		got := waitWritten(t, log.file)
		if got != log.text {
			t.Errorf("%s: %q, want %q without any times", log.file, got, log.text)
		}
	}
	for _, name := range []string{"web:*", "back:worker", "hello"} {
		results, err := h.Client().Stop(t.Context(), name)
		if err != nil || len(results) == 0 {
			t.Errorf("stop %s: %v, %v", name, results, err)
		}
	}
	if w := h.Worker("web:web_02"); w.State != report.Stopped {
		t.Errorf("stop web:* left %s %s", w.Name, w.State)
	}
}

// waitStates waits until every process is in its state, and returns the pids of the
// living processes.
func waitStates(t *testing.T, h *initiatortest.Server, want map[string]string) map[string]int {
	t.Helper()
	pids := map[string]int{}
	for name, state := range want {
		w := h.WaitFor(name, func(w report.Worker) bool { return w.State.String() == state })
		if w.PID != 0 {
			pids[name] = w.PID
		}
	}
	if n := len(h.Initiator().Workers()); n != len(want) {
		t.Errorf("there are %d workers, want %d", n, len(want))
	}
	return pids
}

func waitWritten(t *testing.T, file string) string {
	t.Helper()
	var data []byte
	await(t, file+" to be written", func() bool {
		var err error
		data, err = os.ReadFile(file)
		return err == nil && len(data) > 0
	})
	return string(data)
}

// The same file starts the same processes under supervisord itself.
func TestSupervisordStartsTheSame(t *testing.T) {
	for _, program := range []string{"/usr/bin/supervisord", "/usr/bin/supervisorctl"} {
		if _, err := os.Stat(program); err != nil {
			t.Skip("Debian's package supervisor is not installed: nothing to compare with")
		}
	}
	path, want := copySupervisordConf(t)
	theirs := startSupervisord(t, path)
	their := theirs.waitRealStates(t, want)
	h := initiatortest.Start(t, path, initiatortest.NoWait())
	our := waitStates(t, h, want)
	if len(their) != len(our) {
		t.Errorf("supervisord runs %v, we run %v", their, our)
	}
	for name, pid := range their {
		a, b := inspectProcess(t, pid), inspectProcess(t, our[name])
		onlyA, onlyB := without(a.Env, b.Env), without(b.Env, a.Env)
		a.Env, b.Env = nil, nil
		if !reflect.DeepEqual(a, b) || len(onlyA)+len(onlyB) > 0 {
			t.Errorf("%s\nsupervisord: %+v %q\nours:        %+v %q", name, a, onlyA, b, onlyB)
		}
	}
}

func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(v string) bool { return slices.Contains(others, v) })
}

// facts are the attributes with which a process was started.
type facts struct {
	Argv   []string
	Dir    string
	Env    []string
	Status []string // its user, its groups and its umask
	Leads  bool     // a process group of its own
}

func inspectProcess(t *testing.T, pid int) facts {
	t.Helper()
	read := func(file string) string {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	var f facts
	f.Argv = strings.Split(strings.TrimSuffix(read("cmdline"), "\x00"), "\x00")
	f.Dir, _ = os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	for _, v := range strings.Split(strings.TrimSuffix(read("environ"), "\x00"), "\x00") {
		if !isFromParent(v) {
			f.Env = append(f.Env, v)
		}
	}
	slices.Sort(f.Env)
	for _, line := range strings.Split(read("status"), "\n") {
		switch word, _, _ := strings.Cut(line, ":"); word {
		case "Uid", "Gid", "Groups", "Umask":
			f.Status = append(f.Status, line)
		}
	}
	group, err := syscall.Getpgid(pid)
	f.Leads = err == nil && group == pid
	return f
}

// isFromParent reports whether a variable tells by which program a process was started.
func isFromParent(v string) bool {
	for _, prefix := range []string{"INITIATOR_", "SUPERVISOR_SERVER_URL=", "PWD=", "OLDPWD=", "_="} {
		if strings.HasPrefix(v, prefix) {
			return true
		}
	}
	return false
}

// realSupervisord is a supervisord that the test has started.
type realSupervisord struct {
	conf string
	cmd  *exec.Cmd
}

func startSupervisord(t *testing.T, conf string) *realSupervisord {
	t.Helper()
	s := &realSupervisord{conf: conf, cmd: exec.Command("/usr/bin/supervisord", "-n", "-c", conf)}
	var out bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it stops its processes, and ends
		select {
		case <-ended:
		case <-time.After(testlength.Patience):
			_ = s.cmd.Process.Kill()
			<-ended
			t.Error("supervisord did not end")
		}
		if t.Failed() {
			t.Logf("what supervisord wrote:\n%s", &out)
		}
	})
	return s
}

// waitRealStates waits for the states that supervisorctl reports, and returns pids.
func (s *realSupervisord) waitRealStates(t *testing.T, want map[string]string) map[string]int {
	t.Helper()
	var pids map[string]int
	var last string
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what supervisorctl last said:\n%s", last)
		}
	})
	await(t, "supervisord to start its processes", func() bool {
		out, _ := exec.Command("/usr/bin/supervisorctl", "-c", s.conf, "status").Output() // 3 while some do not run
		last = string(out)
		states := map[string]string{}
		pids = map[string]int{}
		for _, line := range strings.Split(strings.TrimSpace(last), "\n") {
			f := strings.Fields(line)
			if len(f) < 2 {
				continue
			}
			states[f[0]] = f[1]
			if len(f) > 3 && f[2] == "pid" {
				pids[f[0]], _ = strconv.Atoi(strings.TrimSuffix(f[3], ","))
			}
		}
		return reflect.DeepEqual(states, want)
	})
	return pids
}
