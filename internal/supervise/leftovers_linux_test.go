package supervise

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/plan"
	"initiator/internal/procfs"
)

// TestSweepSparesOthers: a process below the living keeper of another initiator
// with the same GUID is not ended.
func TestSweepSparesOthers(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "wait", plain)))
	s.ready("w", 1)
	w := s.one("w")
	leftover := exec.Command("sleep", "1000")
	leftover.Env = []string{"INITIATOR_GUID=" + w.GUID}
	if err := leftover.Start(); err != nil {
		t.Fatal(err)
	}
	if ended := KillLeftovers(Leftovers{Workers: []LeftWorker{{GUID: w.GUID}}}); len(ended) != 1 {
		t.Errorf("ended %q, want the one that no keeper has", ended)
	}
	_ = leftover.Process.Signal(syscall.SIGKILL)
	_ = leftover.Wait()
	if now := s.one("w"); now.Incarnation != 1 || !alive(w.PID) {
		t.Errorf("%+v", now)
	}
}

func init() { roles["titled"] = titled }

// titled is a program like nginx: each of its processes writes its title over
// its environment. TEST_CHILD says whether the child leaves the session.
func titled() int {
	wait := obedient()
	kind, environ := os.Getenv("TEST_CHILD"), os.Environ()
	if err := keepertest.OverwriteEnvironment(); err != nil {
		fmt.Println(err)
		return 99
	}
	if kind != "" {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(environ, "TEST_CHILD=")
		cmd.Stdout = os.Stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: kind == "session"}
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
			return 99
		}
	}
	if kind == "" {
		fmt.Println("TITLED", os.Getpid())
	}
	return wait()
}

// titledSpec is a worker with one titled child.
func titledSpec(name, kind string) plan.Spec {
	return spec(name, "titled", plain, func(sp *plan.Spec) {
		sp.Environment = append(sp.Environment, plan.Entry{Key: "TEST_CHILD", Value: kind, Valued: true})
		sp.Ready = plan.Ready{Kind: "line", Pattern: "^TITLED"}
	})
}

// TestKeeperKilledBelowTitles: the children of a program that writes its title
// over its environment are ended when the keeper was killed.
func TestKeeperKilledBelowTitles(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"group", "session"} {
		t.Run(kind, func(t *testing.T) {
			s := open(t, planOf(titledSpec("w", kind)))
			child := numberOf(t, s.line("TITLED "))
			s.ready("w", 1)
			if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			s.ready("w", 2)
			if alive(child) {
				t.Errorf("child %d lives beside the next incarnation", child)
				_ = syscall.Kill(child, syscall.SIGKILL)
			}
		})
	}
}

// TestTitledProgramIsKept: a kept program that writes its title over its
// environment is adopted, and no second instance is started beside it. A stop
// ends its child too.
func TestTitledProgramIsKept(t *testing.T) {
	t.Parallel()
	w := titledSpec("w", "session")
	w.OnInitiatorExit = "keep"
	s := open(t, planOf(w))
	child := numberOf(t, s.line("TITLED "))
	pid := s.ready("w", 1).PID
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	results, err := s.Stop(t.Context(), "w") // waits for the next keeper
	if err != nil || len(results) != 1 || results[0].Worker.Incarnation != 1 {
		t.Errorf("stop: %+v %v", results, err)
	}
	for _, one := range []int{pid, child} {
		if alive(one) {
			t.Errorf("%d is left", one)
			_ = syscall.Kill(one, syscall.SIGKILL)
		}
	}
}

// TestLeftoverIndex: which worker a process belongs to, and whether it is ended.
// The main process of "gone" has ended; that of "held" is this test.
func TestLeftoverIndex(t *testing.T) {
	t.Parallel()
	self, _ := procfs.ReadStat(os.Getpid())
	const gone = 1 << 30 // no process has this number
	escaped := keeper.EscapedProcess{PID: 70, StartTime: 7}
	memo, err := json.Marshal(snapshot{V: snapshotVersion, Escaped: []keeper.EscapedProcess{escaped}})
	if err != nil {
		t.Fatal(err)
	}
	x := newLeftoverIndex(Leftovers{
		Mark: "1:2",
		Workers: []LeftWorker{
			{GUID: "gone", PID: gone, StartTime: 10, Escaped: []keeper.EscapedProcess{{PID: 80, StartTime: 8}}},
			{GUID: "held", PID: self.PID, StartTime: self.Start, Escaped: []keeper.EscapedProcess{{PID: 71, StartTime: 7}}},
			{GUID: "reused", PID: os.Getppid(), StartTime: 1},
		},
		Held: []keeper.KeptWorker{{GUID: "held", Incarnation: 2, PID: self.PID, StartTime: self.Start, Snapshot: memo}},
	})
	env := func(entries ...string) []byte { return []byte(strings.Join(entries, "\x00") + "\x00") }
	for name, tt := range map[string]struct {
		process procfs.Process
		tag     uint64
		environ []byte
		ended   bool
	}{
		"its session":                   {process: procfs.Process{PID: 90, Session: gone, Start: 11}, ended: true},
		"its group":                     {process: procfs.Process{PID: 90, Group: gone, Start: 10}, ended: true},
		"older than it":                 {process: procfs.Process{PID: 90, Session: gone, Start: 9}},
		"the number is another's":       {process: procfs.Process{PID: 90, Session: os.Getppid(), Start: 11}},
		"escaped":                       {process: procfs.Process{PID: 80, Start: 8}, ended: true},
		"another process of the number": {process: procfs.Process{PID: 80, Start: 9}},
		"held, its session":             {process: procfs.Process{PID: 90, Session: self.PID, Start: self.Start}},
		"held, escaped":                 {process: procfs.Process{PID: 70, Start: 7}},
		"held, escaped in the state":    {process: procfs.Process{PID: 71, Start: 7}},
		"a tag":                         {tag: keeper.ProcessTag("1:2", "gone", 5), ended: true},
		"a tag of a worker not listed":  {tag: keeper.ProcessTag("1:2", "new", 1), ended: true},
		"a tag of another initiator":    {tag: keeper.ProcessTag("1:3", "gone", 5)},
		"held, a tag":                   {tag: keeper.ProcessTag("1:2", "held", 2)},
		"held, of an incarnation after": {tag: keeper.ProcessTag("1:2", "held", 3), ended: true},
		"an environment":                {environ: env("INITIATOR_GUID=gone"), ended: true},
		"held, an environment":          {environ: env("INITIATOR_GUID=held", "INITIATOR_INCARNATION=2")},
		"an environment with the mark":  {environ: env("INITIATOR_GUID=new", "INITIATOR_STATE=1:2"), ended: true},
		"of another initiator":          {environ: env("INITIATOR_GUID=new", "INITIATOR_STATE=1:3")},
		"left, a tag":                   {tag: keeper.LeftTag(keeper.ProcessTag("1:2", "gone", 5)), environ: env("INITIATOR_GUID=gone")},
		"left, of another initiator":    {tag: keeper.LeftTag(keeper.ProcessTag("1:3", "new", 5)), environ: env("INITIATOR_GUID=gone"), ended: true},
		"nothing known":                 {process: procfs.Process{PID: 91, Session: 3, Group: 4, Start: 12}, environ: env("PATH=/bin")},
	} {
		if got := x.mustEnd(tt.process, func(int) uint64 { return tt.tag }, func(int) []byte { return tt.environ }); got != tt.ended {
			t.Errorf("%s: ended %v, want %v", name, got, tt.ended)
		}
	}
	parent, _ := procfs.ReadStat(os.Getppid())
	for name, tt := range map[string]struct {
		left report.LeftProcess
		want bool
	}{
		"it is left":                     {report.LeftProcess{PID: self.PID, StartTime: self.Start}, true},
		"its parent is left":             {report.LeftProcess{PID: parent.PID, StartTime: parent.Start}, true},
		"another process of the number":  {report.LeftProcess{PID: self.PID, StartTime: self.Start + 1}, false},
		"another process of that number": {report.LeftProcess{PID: parent.PID, StartTime: 1}, false},
	} {
		if got := newLeftoverIndex(Leftovers{Left: []report.LeftProcess{tt.left}}).isBelowLeft(self); got != tt.want {
			t.Errorf("%s: spared %v, want %v", name, got, tt.want)
		}
	}
}
