package keeper

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

func init() {
	acts["crowd"], acts["recycle"], acts["identity"] = actCrowd, actRecycle, actIdentity
}

// actCrowd launches a keeper of a user with a low process limit.
func actCrowd([]string) {
	limit := syscall.Rlimit{Cur: 40, Max: 40}
	if err := syscall.Setrlimit(unix.RLIMIT_NPROC, &limit); err != nil {
		printLine(err.Error())
		return
	}
	k, err := Launch(Options{})
	if err != nil {
		printLine("launch: " + err.Error())
		return
	}
	const n = 40
	for i := range n {
		_ = k.Spawn(orderCommand(fmt.Sprint("w", i), "/bin/sleep", "1000"))
	}
	first := ""
	for seen := 0; seen < n; {
		e := <-k.Events()
		if e.Kind == KindSpawned || e.Kind == KindSpawnFailed {
			seen++
			printLine(string(e.Kind) + " " + e.Error)
		}
		if e.Kind == KindSpawned && first == "" {
			first = e.GUID
		}
	}
	_ = k.End(EndOrder{GUID: first, Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline})
	for e := range k.Events() {
		if e.Kind == KindEmptied {
			break
		}
	}
	_ = k.Spawn(orderCommand("after", "/bin/sleep", "1000"))
	for e := range k.Events() {
		if e.Kind == KindSpawned || e.Kind == KindSpawnFailed {
			printLine("then " + string(e.Kind))
			break
		}
	}
	printLine(fmt.Sprint("closed ", k.Close()))
}

// TestTooManyProcesses: at EAGAIN the workers that fit run, the others report
// the reason, and when processes have ended the keeper goes on.
func TestTooManyProcesses(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("NOT RUN: needs root, to become a user of whom nobody else has a process")
	}
	cmd := actCommand("crowd")
	cmd.Stdout, cmd.Stderr = nil, os.Stderr
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(200000 + os.Getpid()), Gid: 65534}}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	spawned := strings.Count(text, string(KindSpawned)+" ")
	failed := strings.Count(text, string(KindSpawnFailed)+" ")
	if spawned < 1 || failed < 1 || spawned+failed != 40 || strings.Count(text, "the limit of processes is reached") != failed {
		t.Errorf("%d spawned, %d failed, or a reason is not given:\n%s", spawned, failed, text)
	}
	if !strings.Contains(text, "then spawned") || !strings.Contains(text, "closed <nil>") {
		t.Errorf("a keeper at its limit does not go on:\n%s", text)
	}
}

// actRecycle lives in a pid namespace of its own, where it can choose the next
// pid. A worker's main process dies and leaves a descendant; another process
// gets its pid and leads a group of that number; then the worker is ended.
func actRecycle([]string) {
	check := func(what string, err error) {
		if err != nil {
			printLine(what + ": " + err.Error())
			os.Exit(99)
		}
	}
	check("private", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	check("proc", unix.Mount("proc", "/proc", "proc", 0, ""))
	k, err := Launch(Options{})
	check("launch", err)
	_ = k.WatchOutput("w", true)
	check("spawn", k.Spawn(orderAct("w", "daemon")))
	leader, daemon := 0, 0
	for e := range k.Events() {
		if e.Kind == KindSpawned {
			leader = e.PID
		}
		for _, line := range e.Lines {
			if rest, ok := strings.CutPrefix(line, "daemon "); ok {
				daemon = procfs.ParseDigits([]byte(rest))
				syscall.Kill(leader, syscall.SIGKILL)
			}
		}
		if e.Kind == KindExited {
			printLine(fmt.Sprint("left ", e.Survivors))
			break
		}
	}
	stranger := reusePID(leader)
	check("end", k.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: 0}))
	for e := range k.Events() {
		if e.Kind == KindEmptied {
			printLine(fmt.Sprintf("emptied %v; daemon alive %v, stranger alive %v", e.EmptyProven, alive(daemon), alive(stranger.Process.Pid)))
			break
		}
	}
	// A handle of the process that died does nothing to the new process.
	signalProcess(procfs.Process{PID: leader, Start: 1}, syscall.SIGKILL)
	printLine(fmt.Sprint("stranger alive ", alive(leader)))
	_ = stranger.Process.Kill()
	_ = stranger.Wait()
	printLine(fmt.Sprint("closed ", k.Close()))
}

// numberTaken is the exit code of a namespace in which a thread has taken the
// number: threads are numbered like processes, and the runtime may start a
// thread at any time. The number cannot be freed, so another namespace is
// needed.
const numberTaken = 98

// reusePID starts a process with that pid, as the leader of a group of its own.
func reusePID(pid int) *exec.Cmd {
	for range 50 {
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", fmt.Append(nil, pid-1), 0); err != nil {
			printLine("ns_last_pid: " + err.Error())
			os.Exit(99)
		}
		cmd := exec.Command("/bin/sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			printLine(err.Error())
			os.Exit(99)
		}
		if cmd.Process.Pid == pid {
			return cmd
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	os.Exit(numberTaken)
	return nil
}

// inNewNamespace runs the act until a namespace has the number free.
func inNewNamespace(t *testing.T) (out []byte, err error) {
	t.Helper()
	for range 50 {
		cmd := actCommand("recycle")
		cmd.Stdout, cmd.Stderr = nil, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
		out, err = cmd.Output()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != numberTaken {
			return out, err
		}
	}
	return out, err
}

func TestRecycledPID(t *testing.T) {
	out, err := inNewNamespace(t)
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("NOT RUN: needs a pid namespace: %v", err)
	}
	const want = "left 1\nemptied true; daemon alive false, stranger alive true\nstranger alive true\nclosed <nil>\n"
	if string(out) != want || err != nil {
		t.Errorf("it said %q, %v; want %q", out, err, want)
	}
}

// TestWrongArchitecture: a real executable program of another architecture.
func TestWrongArchitecture(t *testing.T) {
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	const machine = 18                       // the offset of e_machine in ELF's header
	text[machine], text[machine+1] = 0xF7, 0 // BPF, which no machine executes
	path := t.TempDir() + "/foreign"
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
	h := newTestKeeper(t)
	if err := h.Spawn(orderCommand("w", path)); err != nil {
		t.Fatal(err)
	}
	if e := h.awaitKind("w", KindSpawnFailed); !strings.Contains(e.Error, "another machine") {
		t.Errorf("error %q", e.Error)
	}
}

// actIdentity prints its own identity, and keeps a descendant so that the
// worker is not empty.
func actIdentity([]string) {
	groups, _ := os.Getgroups()
	var r unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_CORE, &r)
	priority, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	printLine(fmt.Sprintf("uid %d/%d gid %d/%d groups %v umask %03o nice %d core %d", os.Getuid(), os.Geteuid(), os.Getgid(), os.Getegid(),
		groups, syscall.Umask(0), 20-priority, r.Cur))
}

// TestIdentity sets every attribute that a process can be started with at once.
func TestIdentity(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("NOT RUN: only root can start a worker as another user")
	}
	h := newTestKeeper(t)
	s := orderAct("w", "identity")
	core := uint64(4096)
	s.SetUser, s.UID, s.GID, s.Groups = true, 65534, 65533, []uint32{7, 8}
	s.Umask, s.Nice, s.Core, s.NoFile = 0o077, 7, &core, 64
	s.Argv[0] = "/proc/self/exe" // of the keeper, which is this program: another user may not enter its directory
	h.spawnWorker(s)
	const want = "65534/65534 gid 65533/65533 groups [7 8] umask 077 nice 7"
	got, limit, _ := strings.Cut(h.awaitLine("w", "uid "), " core ")
	if got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
	h.awaitKind("w", KindExited)
	if limit != "4096" {
		t.Errorf("the limit is %s", limit)
	}
}

// countResources counts the descriptors of the test and the processes below it.
func countResources() (fds, below int) {
	names := procfs.ListDir("/proc/self/fd")
	return len(names), len((&procfs.ChildLister{}).ChildrenOf(os.Getpid()))
}

func TestNothingIsLeftInTheParent(t *testing.T) {
	once := func() {
		h := newTestKeeper(t)
		h.spawnWorker(orderAct("w", "daemon"))
		h.awaitLine("w", "daemon ")
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	once() // Go's poller opens its own descriptors the first time
	fds, below := countResources()
	for range 5 {
		once()
	}
	if f, b := countResources(); f != fds || b != below {
		t.Errorf("descriptors %d → %d, children %d → %d", fds, f, below, b)
	}
}
