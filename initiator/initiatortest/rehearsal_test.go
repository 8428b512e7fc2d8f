package initiatortest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/internal/testlength"
	"initiator/worker"
)

// The test binary of a user is rehearsed: this test binary is started again, and
// does what the test binary would do. startsVariable names a file with a line for
// each start, and depthVariable how many rehearsals are above this process.
const (
	rehearsalVariable = "INITIATORTEST_REHEARSAL"
	startsVariable    = "INITIATORTEST_STARTS"
	depthVariable     = "INITIATORTEST_DEPTH"
	deepest           = 3 // bounds the processes when a test starts itself
)

// rehearsals are TestMain and the test of each user, by the user's name.
var rehearsals = map[string]struct {
	testMain func(m *testing.M)
	test     func(t *testing.T)
}{
	"unprepared": {runTests, func(t *testing.T) {
		initiatortest.StartText(t, adderINI)
	}},
	"unprepared exec": {runTests, func(t *testing.T) {
		initiatortest.StartText(t, "[worker:cat]\nexec = cat\n")
	}},
	"handlers": {func(m *testing.M) { initiatortest.Main(m, worker.Handle("double", double)) }, func(t *testing.T) {
		in := initiatortest.StartText(t, "[worker:twice]\ncommand = ${initiator:self}\n[worker:cat]\nexec = cat\n")
		if got := in.Call("twice.double", 21) + in.Call("cat", "x"); got != `42"x"` {
			t.Error(got)
		}
	}},
	"no handlers": {func(m *testing.M) { initiatortest.Main(m) }, func(t *testing.T) {
		initiatortest.StartText(t, "[worker:self]\ncommand = ${initiator:self}\n")
	}},
	"tests below": {func(m *testing.M) { initiatortest.Main(m) }, func(t *testing.T) {
		initiatortest.StartText(t, "[worker:self]\ncontract = off\nautorestart = false\nstartsecs = 30\nstart_timeout = 60\ncommand = ${initiator:self} -test.run=TestRehearsed\n")
	}},
	"handlers of a test": {runTests, func(t *testing.T) {
		s := startDouble(t)
		if got := s.Call("handlers.double", 21); got != "42" {
			t.Error(got)
		}
		t.Run("again", func(t *testing.T) { startDouble(t) })
	}},
	"handlers late": {runTests, func(t *testing.T) {
		initiatortest.StartText(t, "")
		startDouble(t)
	}},
	"no handler at all": {runTests, func(t *testing.T) {
		initiatortest.StartHandlers(t, nil)
	}},
	"subtests": {runTests, func(t *testing.T) {
		in := initiatortest.StartText(t, "")
		t.Run("forgetful", func(t *testing.T) {
			t.Parallel()
			in.Call("ghost", 1)
		})
		t.Run("careful", func(t *testing.T) {
			t.Parallel()
			in.With(t).Call("ghost", 1)
			t.Error("Call did not end the subtest")
		})
		t.Run("beside", func(t *testing.T) {
			t.Parallel()
			t.Log("the subtest beside them has run")
		})
	}},
}

func runTests(m *testing.M) { m.Run() }

func startDouble(t *testing.T) *initiatortest.Server {
	return initiatortest.StartHandlers(t, []worker.Handler{worker.Handle("double", double)})
}

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

// TestRehearsed is the only test of a rehearsed test binary.
func TestRehearsed(t *testing.T) {
	if r, ok := rehearsals[os.Getenv(rehearsalVariable)]; ok {
		r.test(t)
	}
}

// rehearse notes the start of this process, and is the TestMain of a user.
func rehearse(m *testing.M, name string) {
	depth, _ := strconv.Atoi(os.Getenv(depthVariable))
	starts, err := os.OpenFile(os.Getenv(startsVariable), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil || depth >= deepest {
		fmt.Fprintln(os.Stderr, "too deep:", depth, err)
		os.Exit(3)
	}
	fmt.Fprintln(starts, depth)
	_ = starts.Close()
	_ = os.Setenv(depthVariable, strconv.Itoa(depth+1))
	_ = flag.Set("test.run", "^TestRehearsed$")
	rehearsals[name].testMain(m)
}

// TestRehearsals: a test binary is a worker only when it is prepared for it, and no
// test starts itself again.
func TestRehearsals(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		passes, prepared bool
		says             []string
	}{
		"unprepared":         {says: []string{"worker adder is this test binary", `import "initiator/initiator/initiatortest"`, "func TestMain(m *testing.M) { initiatortest.Main(m) }"}},
		"unprepared exec":    {says: []string{"worker cat is this test binary"}},
		"handlers":           {passes: true, prepared: true},
		"no handlers":        {prepared: true, says: []string{"self is", "exit code 2", "initiatortest.Main has no handlers"}},
		"tests below":        {prepared: true, says: []string{"self is EXITED (exit code 1", "would start the worker again"}},
		"handlers of a test": {prepared: true, says: []string{"start the handlers of TestRehearsed/again: TestRehearsed has called StartHandlers"}},
		"handlers late":      {prepared: true, says: []string{"handlers is", "exit code 1", "call StartHandlers before another Start"}},
		"no handler at all":  {says: []string{"no handler"}},
		"subtests":           {says: []string{"FAIL: TestRehearsed/careful", "a subtest calls the methods of With(t)", "the subtest beside them has run"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, passed, starts := rehearsed(t, name)
			if passed != want.passes || strings.Contains(out, "panic:") {
				t.Errorf("passed: %v", passed)
			}
			for _, text := range want.says {
				if !strings.Contains(out, text) {
					t.Errorf("it does not say %q", text)
				}
			}
			if !want.prepared && starts != "0\n" || strings.Contains(starts, "2") {
				t.Errorf("the depths of the processes:\n%s", starts)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// rehearsed runs a rehearsal. It returns the output, whether the test passed, and
// the depths of all processes that were started.
func rehearsed(t *testing.T, name string) (out string, passed bool, starts string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "starts")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testlength.Patience/2)
	defer cancel()
	c := exec.CommandContext(ctx, self, "-test.v")
	c.Env = append(os.Environ(), rehearsalVariable+"="+name, startsVariable+"="+path)
	c.WaitDelay = time.Second // a process that the test has left holds the output
	text, runErr := c.CombinedOutput()
	if ctx.Err() != nil {
		t.Errorf("it does not end: %v", runErr)
	}
	noted, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), runErr == nil, string(noted)
}
