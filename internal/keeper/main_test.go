package keeper

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/internal/procfs"
	"initiator/internal/testlength"
)

// actVariable makes the test binary act as one of acts instead of running
// tests.
const actVariable = "KEEPER_TEST_ACT"

// quickExit spares the acts the second that the race detector waits at exit.
const quickExit = "GORACE=atexit_sleep_ms=0"

var acts = map[string]func(args []string){
	"sleep":       func([]string) { forever() },
	"exit":        func(args []string) { os.Exit(procfs.ParseDigits([]byte(args[0]))) },
	"print":       func(args []string) { fmt.Print(strings.Join(args, " ")) },
	"ignore-term": actIgnoreTerm,
	"self-stop":   func([]string) { printLine("stopping"); syscall.Kill(os.Getpid(), syscall.SIGSTOP); forever() },
	"daemon":      actDaemon,
	"escape":      actEscape,
	"litter":      actLitter,
	"hold-pipe":   actHoldPipe,
	"flood":       actFlood,
	"cat":         actCat,
	"fds":         actFDs,
	"umask":       func([]string) { printLine(fmt.Sprintf("%o", syscall.Umask(0))) },
}

func TestMain(m *testing.M) {
	if act, ok := acts[os.Getenv(actVariable)]; ok {
		act(os.Args[1:])
		os.Exit(0)
	}
	testlength.SetRapidChecks(6, 300)
	goleak.VerifyTestMain(m)
}

// forever blocks longer than any test. (An empty select is a deadlock, and
// ends.)
func forever() { <-time.After(time.Hour) }

func printLine(line string) { os.Stdout.WriteString(line + "\n") }

func actIgnoreTerm([]string) {
	signal.Ignore(syscall.SIGTERM)
	printLine("deaf")
	forever()
}

// actCommand runs the test binary as another act.
func actCommand(act string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), quickExit, actVariable+"="+act)
	cmd.Stdout = os.Stdout
	return cmd
}

func startCommand(cmd *exec.Cmd) int {
	if err := cmd.Start(); err != nil {
		printLine("start: " + err.Error())
		os.Exit(99)
	}
	return cmd.Process.Pid
}

// actDaemon is a grandchild that left its group and session, and with "bare"
// has no markers in its environment either.
func actDaemon(args []string) {
	cmd := actCommand("sleep")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if len(args) > 0 && args[0] == "bare" {
		cmd.Env = []string{quickExit, actVariable + "=sleep"}
	}
	printLine(fmt.Sprint("daemon ", startCommand(cmd)))
	forever()
}

// actEscape forks twice with setsid in between and exits: its daemon loses its
// parent.
func actEscape([]string) {
	cmd := actCommand("daemon-parent")
	cmd.Env = append(os.Environ(), actVariable+"=litter")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	startCommand(cmd)
	_ = cmd.Wait()
	forever()
}

// actLitter leaves a child behind in its group and exits.
func actLitter([]string) {
	cmd := actCommand("sleep")
	cmd.Stdout = nil
	printLine(fmt.Sprint("daemon ", startCommand(cmd)))
}

// actHoldPipe exits while its child still holds the output pipe.
func actHoldPipe([]string) {
	printLine(fmt.Sprint("daemon ", startCommand(actCommand("sleep"))))
	fmt.Print("last words without an end")
}

func actFlood(args []string) {
	line := strings.Repeat("x", 99) + "\n"
	page := strings.Repeat(line, 600)
	for range procfs.ParseDigits([]byte(args[0])) {
		os.Stdout.WriteString(page)
	}
}

func actCat([]string) {
	buf := make([]byte, 1<<20)
	total := 0
	for {
		n, err := os.Stdin.Read(buf)
		total += n
		if err != nil {
			printLine(fmt.Sprint("bytes ", total))
			return
		}
	}
}

func actFDs([]string) {
	printLine(os.Getenv("INITIATOR_FDS"))
	for fd := 0; fd < 64; fd++ {
		var st syscall.Stat_t
		if syscall.Fstat(fd, &st) == nil {
			flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
			if flags&syscall.FD_CLOEXEC == 0 { // Go's own poller has the flag
				printLine(fmt.Sprintf("%d:%d:%d", fd, st.Dev, st.Ino))
			}
		}
	}
}

// deadline is generous: it only turns a hang into a failure.
const deadline = 20 * time.Second

// testKeeper is a keeper under test and all events that it has sent so far.
type testKeeper struct {
	t testing.TB
	*Keeper
	seen []Event
}

func newTestKeeper(t testing.TB) *testKeeper {
	t.Helper()
	k, err := Launch(Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &testKeeper{t: t, Keeper: k}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		for range k.Events() {
		}
	})
	return h
}

// awaitEvent reads events up to the first that fits.
func (h *testKeeper) awaitEvent(what string, fits func(Event) bool) Event {
	h.t.Helper()
	limit := time.NewTimer(deadline)
	defer limit.Stop()
	for {
		select {
		case e, ok := <-h.Events():
			if !ok {
				h.t.Fatalf("keeper ended while waiting for %s; seen: %+v", what, h.seen)
			}
			h.seen = append(h.seen, e)
			if fits(e) {
				return e
			}
		case <-limit.C:
			h.t.Fatalf("no %s; seen at last: %+v", what, h.seen[max(0, len(h.seen)-5):])
		}
	}
}

func (h *testKeeper) awaitKind(guid string, kind EventKind) Event {
	h.t.Helper()
	return h.awaitEvent(guid+" "+string(kind), func(e Event) bool { return e.GUID == guid && e.Kind == kind })
}

// findKind is awaitKind for an event that may have been seen already.
func (h *testKeeper) findKind(guid string, kind EventKind) Event {
	h.t.Helper()
	return h.findEvent(guid+" "+string(kind), func(e Event) bool { return e.GUID == guid && e.Kind == kind })
}

// findEvent is awaitEvent for an event that may have been seen already.
func (h *testKeeper) findEvent(what string, fits func(Event) bool) Event {
	h.t.Helper()
	if at := slices.IndexFunc(h.seen, fits); at >= 0 {
		return h.seen[at]
	}
	return h.awaitEvent(what, fits)
}

// awaitLine waits for a line of a watched worker that begins with prefix, and
// returns the rest.
func (h *testKeeper) awaitLine(guid, prefix string) (rest string) {
	h.t.Helper()
	h.awaitEvent(guid+" line "+prefix, func(e Event) bool {
		for _, line := range e.Lines {
			if after, ok := strings.CutPrefix(line, prefix); ok && e.GUID == guid {
				rest = after
				return true
			}
		}
		return false
	})
	return rest
}

// orderAct returns the SpawnOrder of an act.
func orderAct(guid, act string, args ...string) SpawnOrder {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return SpawnOrder{
		GUID: guid, Incarnation: 1, Argv: append([]string{self}, args...), Umask: -1,
		Env: []string{quickExit, actVariable + "=" + act, "INITIATOR_GUID=" + guid, "INITIATOR_INCARNATION=1", "PATH=" + os.Getenv("PATH")},
	}
}

func orderCommand(guid string, argv ...string) SpawnOrder {
	s := orderAct(guid, "")
	s.Argv = argv
	return s
}

func (h *testKeeper) spawnWorker(s SpawnOrder) Event {
	h.t.Helper()
	if err := h.WatchOutput(s.GUID, true); err != nil {
		h.t.Fatal(err)
	}
	if err := h.Spawn(s); err != nil {
		h.t.Fatal(err)
	}
	return h.awaitKind(s.GUID, KindSpawned)
}

func (h *testKeeper) endWorker(guid string, signal syscall.Signal, wait time.Duration) Event {
	h.t.Helper()
	if err := h.End(EndOrder{GUID: guid, Incarnation: 1, Signal: int(signal), Wait: wait}); err != nil {
		h.t.Fatal(err)
	}
	return h.awaitKind(guid, KindEmptied)
}

// alive reports whether a process lives. A process that was not waited for does
// not.
func alive(pid int) bool {
	p, ok := procfs.ReadStat(pid)
	return ok && !p.Ended
}

func checkGone(t testing.TB, pid int) {
	t.Helper()
	if alive(pid) {
		t.Errorf("process %d (%s) is alive", pid, procfs.CommandName(pid))
	}
}

func parsePID(t testing.TB, text string) int {
	t.Helper()
	n := procfs.ParseDigits([]byte(text))
	if n <= 0 {
		t.Fatalf("%q is no pid", text)
	}
	return n
}
