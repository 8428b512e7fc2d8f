package procfs

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func startCat(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/cat")
	cmd.Env = env
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	return cmd
}

// TestScanFindsTheListedChildren: kernels without a list of children get the
// same answer from the whole process table.
func TestScanFindsTheListedChildren(t *testing.T) {
	cat := startCat(t).Process.Pid
	var l ChildLister
	for name, pids := range map[string][]int{"listed": l.ChildrenOf(os.Getpid()), "scanned": l.scanAll()[os.Getpid()]} {
		if !slices.Contains(pids, cat) {
			t.Errorf("%s children %v lack %d", name, pids, cat)
		}
	}
}

func TestReadProcess(t *testing.T) {
	pid := startCat(t, "AB=2", "A=1").Process.Pid
	p, ok := ReadStat(pid)
	if !ok || p.PID != pid || p.Parent != os.Getpid() || p.Ended || p.Start == 0 {
		t.Errorf("%+v %v", p, ok)
	}
	environ := AwaitEnvironment(pid)
	if a, missing := EnvironValue(environ, "A"), EnvironValue(environ, "B"); a != "1" || missing != "" {
		t.Errorf("A=%q B=%q", a, missing)
	}
	if name, line := CommandName(pid), CommandLine(pid); name != "cat" || line != "/bin/cat" {
		t.Errorf("%q %q", name, line)
	}
	if exe := Executable(pid); !strings.HasSuffix(exe, "/cat") || !slices.Equal(Arguments(pid), []string{"/bin/cat"}) {
		t.Errorf("it runs %q with %q", exe, Arguments(pid))
	}
	if ResidentMemory(pid) < 4096 || !slices.Contains(ListPIDs(), pid) {
		t.Error("no memory, or not listed")
	}
}

// TestAppendPIDsGrows: a list that is longer than the buffer is read whole.
func TestAppendPIDsGrows(t *testing.T) {
	path := t.TempDir() + "/children"
	text := []byte{}
	for range 5000 {
		text = append(text, "1234567 "...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var l ChildLister
	if got := l.appendPIDs(nil, path); len(got) != 5000 || got[4999] != 1234567 {
		t.Errorf("%d numbers", len(got))
	}
}
