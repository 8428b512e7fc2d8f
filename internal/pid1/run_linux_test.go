package pid1

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes the test binary a process that only calls Run, when it is
// started as `init ARGV…`.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "init" {
		code, err := Run(Child{Path: "/bin/sh", Argv: append([]string{"sh"}, os.Args[2:]...), Env: os.Environ()})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 125
		}
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

// script runs a shell script below a process that only calls Run.
func script(t *testing.T, text string) *exec.Cmd {
	t.Helper()
	c := exec.Command("/proc/self/exe", "init", "-c", text)
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	c.Stderr = os.Stderr
	return c
}

func TestItEndsAsTheChildHasEnded(t *testing.T) {
	for _, c := range []struct {
		script string
		code   int
	}{
		{"exit 0", 0},
		{"exit 42", 42},
		{"kill -KILL $$", 137},
		{"kill -TERM $$", 143},
		{"sleep 0 & exit 3", 3}, // others that end are not taken for it
	} {
		cmd := script(t, c.script)
		_ = cmd.Run() // its code is looked at
		if got := cmd.ProcessState.ExitCode(); got != c.code {
			t.Errorf("%s: exit code %d, want %d", c.script, got, c.code)
		}
	}
}

func TestSignalsArePassedOn(t *testing.T) {
	for _, s := range forwardedSignals() {
		s := s.(syscall.Signal)
		if s == syscall.SIGTSTP || s == syscall.SIGCONT {
			continue // a shell has no say in them
		}
		// The shell handles a signal only between commands; wait ends at once. A
		// signal to the forked shell that is not sleep yet would be lost.
		cmd := script(t, fmt.Sprintf(`trap 'kill $!; exit 7' %d
			sleep 1000 & until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
			echo there; wait`, int(s)))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != 7 {
			t.Errorf("%v: exit code %d, want 7", s, got)
		}
	}
}

// An orphan whose parents have gone comes here, and is waited for: its parent
// is this process, and then there is no such process. A zombie would be there
// for ever, so the shell's loop ends only when there is none.
func TestOrphansAreWaitedFor(t *testing.T) {
	const orphan = `
pid=$( (sleep 1000 >/dev/null 2>&1 & echo $!) )
set -- $(cat /proc/$pid/stat); echo parent $4 want $PPID
kill $pid
while [ -e /proc/$pid ]; do :; done
echo gone`
	out, err := script(t, orphan).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var parent, want int
	if _, err := fmt.Sscanf(lines[0], "parent %d want %d", &parent, &want); err != nil || parent != want {
		t.Errorf("the orphan's parent: %q", lines[0])
	}
	if lines[len(lines)-1] != "gone" {
		t.Errorf("got %q", out)
	}
}

func TestTheChildKnowsItsParent(t *testing.T) {
	out, err := script(t, `echo $INITIATOR_UNDER_INIT $PPID`).Output()
	if f := strings.Fields(string(out)); err != nil || len(f) != 2 || f[0] != f[1] {
		t.Errorf("got %q, %v", out, err)
	}
	t.Setenv(parentVariable, fmt.Sprint(os.Getppid()))
	if ParentPID() != os.Getppid() {
		t.Error("it was not believed")
	}
	t.Setenv(parentVariable, "1000000000") // another's, that was inherited
	if ParentPID() != 0 {
		t.Error("another's word was believed")
	}
}

func TestWhatCannotBeStartedIsSaid(t *testing.T) {
	_, err := (Child{Path: "/nowhere/at/all", Argv: []string{"nowhere"}}).startProcess()
	if err == nil || !strings.Contains(err.Error(), "start nowhere below process 1") {
		t.Errorf("got %v", err)
	}
}
