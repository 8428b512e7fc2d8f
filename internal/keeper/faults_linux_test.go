package keeper

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
	"initiator/internal/testlength"
)

func init() {
	acts["initiator"], acts["poor"] = actInitiator, actPoor
}

// actInitiator launches a keeper with workers whose grandchildren called
// setsid, prints all pids, and waits to be killed.
func actInitiator([]string) {
	k, err := Launch(Options{})
	if err != nil {
		printLine("error " + err.Error())
		return
	}
	printLine(fmt.Sprint("pid ", k.PID()))
	for i, args := range [][]string{{"daemon"}, {"daemon", "bare"}, {"escape"}, {"ignore-term"}, {"self-stop"}} {
		guid := fmt.Sprint("w", i)
		_ = k.WatchOutput(guid, true)
		_ = k.Spawn(orderAct(guid, args[0], args[1:]...))
	}
	spoken := map[string]bool{}
	for e := range k.Events() {
		if e.Kind == KindSpawned {
			printLine(fmt.Sprint("pid ", e.PID))
		}
		for _, line := range e.Lines {
			if rest, ok := strings.CutPrefix(line, "daemon "); ok {
				printLine("pid " + rest)
			}
			spoken[e.GUID] = true
		}
		if len(spoken) == 5 {
			printLine("complete")
		}
	}
}

// awaitExit returns a channel that is closed when a process, of any parent,
// ends.
func awaitExit(t *testing.T, pid int) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		defer unix.Close(fd)
		for {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(deadline/time.Millisecond))
			if err != unix.EINTR {
				return
			}
		}
	}()
	return done
}

func TestKilledInitiatorLeavesNothing(t *testing.T) {
	cmd := actCommand("initiator")
	cmd.Stdout, cmd.Stderr = nil, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "complete" {
		rest, ok := strings.CutPrefix(lines.Text(), "pid ")
		if !ok {
			t.Fatal(lines.Text())
		}
		pids = append(pids, parsePID(t, rest))
	}
	if len(pids) != 1+5+3 {
		t.Errorf("%d processes, want a keeper, 5 workers and 3 grandchildren", len(pids))
	}
	var ends []<-chan struct{}
	for _, pid := range pids {
		if !alive(pid) {
			t.Errorf("process %d ended too early", pid)
		}
		ends = append(ends, awaitExit(t, pid))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for i, end := range ends {
		<-end
		checkGone(t, pids[i])
	}
}

func TestKilledKeeperIsLostAndItsWorkersDie(t *testing.T) {
	h := newTestKeeper(t)
	worker := h.spawnWorker(orderAct("w", "ignore-term")).PID
	h.awaitLine("w", "deaf")
	end := awaitExit(t, worker)
	syscall.Kill(h.PID(), syscall.SIGKILL)
	lost := h.awaitEvent("lost", func(e Event) bool { return e.Kind == KindLost })
	if lost.Error != "signal: killed" {
		t.Errorf("lost with %q", lost.Error)
	}
	<-end
	checkGone(t, worker)
	if err := h.Spawn(orderAct("late", "sleep")); err == nil {
		t.Error("a lost keeper took an order")
	}
}

// TestKeeperIgnoresSignals: signals of a terminal or of a mistaken user do not
// end the keeper.
func TestKeeperIgnoresSignals(t *testing.T) {
	h := newTestKeeper(t)
	h.awaitEvent("hello", func(e Event) bool { return e.Kind == KindHello })
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		syscall.Kill(h.PID(), sig)
	}
	h.spawnWorker(orderCommand("w", "true"))
	h.awaitKind("w", KindExited)
	// And its workers do not inherit that.
	h.spawnWorker(orderCommand("s", "sleep", "1000"))
	if err := h.Signal("s", 1, int(syscall.SIGHUP), false); err != nil {
		t.Fatal(err)
	}
	if e := h.awaitKind("s", KindExited); e.Signal != int(syscall.SIGHUP) {
		t.Errorf("exited = %+v, want signal 1", e)
	}
}

// actPoor launches a keeper with a low descriptor limit.
func actPoor([]string) {
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		printLine(err.Error())
		return
	}
	k, err := Launch(Options{})
	if err != nil {
		printLine(err.Error())
		return
	}
	for i := range 40 {
		_ = k.Spawn(orderAct(fmt.Sprint("w", i), "daemon"))
	}
	for range 40 {
		for e := range k.Events() {
			if e.Kind == KindSpawned || e.Kind == KindSpawnFailed {
				printLine(string(e.Kind) + " " + e.Error)
				break
			}
		}
	}
	_ = k.End(EndOrder{GUID: "w0", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline})
	for e := range k.Events() {
		if e.Kind == KindEmptied {
			printLine(fmt.Sprint("emptied ", e.EmptyProven))
			break
		}
	}
	printLine(fmt.Sprint("closed ", k.Close()))
}

func TestFewDescriptors(t *testing.T) {
	cmd := actCommand("poor")
	cmd.Stdout = nil
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	spawned := strings.Count(text, string(KindSpawned)+" ")
	failed := strings.Count(text, string(KindSpawnFailed)+" ")
	if spawned < 5 || failed < 5 || spawned+failed != 40 || strings.Count(text, "raise the limit") != failed {
		t.Errorf("%d spawned, %d failed, or a reason is not given:\n%s", spawned, failed, text)
	}
	if !strings.Contains(text, "emptied true") || !strings.Contains(text, "closed <nil>") {
		t.Errorf("a keeper at its limit cannot end its workers:\n%s", text)
	}
}

// A thousand workers at full length need no thread and leave no descriptor each.
func TestManyWorkers(t *testing.T) {
	h := newTestKeeper(t)
	h.awaitEvent("hello", func(e Event) bool { return e.Kind == KindHello })
	before := listOpenFiles(h.PID())
	n := testlength.Count(200, 1000)
	go func() {
		for i := range n {
			s := orderCommand(fmt.Sprint("w", i), "sleep", "1000")
			s.RedirectStderr = i%2 == 0
			if err := h.Spawn(s); err != nil {
				t.Error(err)
			}
		}
	}()
	count := func(kind EventKind) {
		t.Helper()
		for range n {
			h.awaitEvent(string(kind), func(e Event) bool {
				if e.Kind == KindSpawnFailed {
					t.Error(e.Error)
				}
				return e.Kind == kind
			})
		}
	}
	count(KindSpawned)
	threads := len(procfs.ListDir(fmt.Sprintf("/proc/%d/task", h.PID())))
	t.Logf("keeper with %d workers: %d threads, %v KB resident, %v KB of them anonymous",
		n, threads, statusOf(h.PID(), "VmRSS"), statusOf(h.PID(), "RssAnon"))
	if threads > 20 {
		t.Errorf("%d threads for %d workers", threads, n)
	}
	go func() {
		for i := range n {
			if err := h.End(EndOrder{GUID: fmt.Sprint("w", i), Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}); err != nil {
				t.Error(err)
			}
		}
	}()
	count(KindEmptied)
	var more []string
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < deadline; <-tick.C { // it closes logs after it has sent the events
		if more = slices.DeleteFunc(listOpenFiles(h.PID()), func(f string) bool { return slices.Contains(before, f) }); len(more) == 0 {
			break
		}
	}
	if len(more) > 0 {
		t.Errorf("the keeper has opened %q and not closed", more)
	}
	if left := (&procfs.ChildLister{}).ChildrenOf(h.PID()); len(left) != 0 {
		t.Errorf("%d children left", len(left))
	}
}

// listOpenFiles names what a process has open. A descriptor that is open for a moment
// only, such as a file of /proc, may be among them.
func listOpenFiles(pid int) (list []string) {
	names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, name := range names {
		if to, err := os.Readlink(name); err == nil {
			list = append(list, to)
		}
	}
	return list
}

// statusOf returns a number from a process's status, such as VmRSS (KB).
func statusOf(pid int, field string) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == field+":" {
			return float64(procfs.ParseDigits([]byte(f[1])))
		}
	}
	return -1
}

// TestKeptWorkerOutlivesTheInitiator: a kept worker outlives the initiator; its
// keeper stays to take its output and ends with it. A worker that is not kept
// is killed.
func TestKeptWorkerOutlivesTheInitiator(t *testing.T) {
	h := newTestKeeper(t)
	path := t.TempDir() + "/out.log"
	s := orderCommand("kept", "sh", "-c", `while kill -0 `+fmt.Sprint(h.PID())+` && [ ! -e `+path+`.go ]; do sleep 0.1; done; echo alone`)
	s.Keep, s.Stdout.Path = true, path
	kept := awaitExit(t, h.spawnWorker(s).PID)
	neighbour := awaitExit(t, h.spawnWorker(orderAct("w", "ignore-term")).PID)
	keeper := awaitExit(t, h.PID())
	_ = h.conn.CloseWrite() // for the keeper this is the death of the initiator
	<-neighbour
	if err := os.WriteFile(path+".go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-kept
	<-keeper
	if text, err := os.ReadFile(path); err != nil || string(text) != "alone\n" {
		t.Errorf("log holds %q, %v", text, err)
	}
}
