package supervise

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/testlength"
)

// dispatcher records what the supervisor tells it, and answers a drain when the
// test lets it.
type dispatcher struct {
	mu      sync.Mutex
	told    []string
	last    Instance
	s       *stage
	causing string // what CausingTask returns
	drain   bool   // answer at once
	// attached, if set, gets a token for each Attach.
	attached chan struct{}
}

func (d *dispatcher) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, fmt.Sprintf(format, args...))
}

func (d *dispatcher) Attach(i Instance) {
	d.note("attach %d", i.Incarnation)
	if i.Stream != nil {
		defer i.Stream.Close()
	}
	d.mu.Lock()
	d.last = i
	d.mu.Unlock()
	if d.attached != nil {
		d.attached <- struct{}{}
	}
}

func (d *dispatcher) Drain(guid string, incarnation int) {
	d.note("drain %d", incarnation)
	if d.drain {
		d.s.ReportEvent(lifecycle.Event{Kind: lifecycle.Drained, GUID: guid, Incarnation: incarnation})
	}
}

func (d *dispatcher) Detach(_ string, incarnation int, _ lifecycle.DetachCause, reason string) {
	d.note("detach %d: %s", incarnation, reason)
}

func (d *dispatcher) CausingTask(string, int) string { return d.causing }

// instance returns the last attached instance.
func (d *dispatcher) instance() Instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

func (d *dispatcher) all() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.told, "; ")
}

func openWith(t *testing.T, d *dispatcher, p *plan.Plan) *stage {
	ready := make(chan struct{})
	s := open(t, p, func(o *Options) {
		o.Dispatcher = d
		notify := o.OnTransition
		o.OnTransition = func(tr report.Event) {
			<-ready
			notify(tr)
		}
	})
	d.s = s
	close(ready)
	return s
}

// TestDispatcherIsTold: a worker is attached when ready, drained before a stop,
// and detached when the process has ended, each time with its incarnation.
func TestDispatcherIsTold(t *testing.T) {
	t.Parallel()
	d := &dispatcher{drain: true}
	s := openWith(t, d, planOf(spec("w", "webhook")))
	first := s.ready("w", 1)
	if i := d.instance(); i.Token == "" || i.PID != first.PID || !strings.HasPrefix(i.Addr, "127.0.0.1:") {
		t.Errorf("attached %+v", i)
	}
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ready("w", 2)
	token := d.instance().Token
	if _, err := s.Restart(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if d.instance().Token == token {
		t.Error("two incarnations have one token")
	}
	if _, err := s.Stop(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	const want = "attach 1; detach 1: killed by SIGKILL, after"
	const rest = "attach 2; drain 2; detach 2: asked to restart; drained"
	if got := d.all(); !strings.HasPrefix(got, want) || !strings.Contains(got, rest) || strings.Count(got, "detach") != 3 {
		t.Error(got)
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("a token is in the log")
	}
}

// TestDrainIsBounded: tasks that never end do not delay a stop for ever.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	d := &dispatcher{}
	s := openWith(t, d, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Drain = 20 * time.Millisecond })))
	s.ready("w", 1)
	results, err := s.Stop(t.Context(), "w")
	if err != nil || !results[0].EmptyProven || !strings.Contains(results[0].Worker.Reason, "tasks still ran after 20ms") {
		t.Errorf("%+v %v", results, err)
	}
}

// TestDing: a slave is attached when it owns its port, and is ready when it has
// accepted the connect.
func TestDing(t *testing.T) {
	t.Parallel()
	d := &dispatcher{drain: true, attached: make(chan struct{}, 9)}
	s := openWith(t, d, planOf(spec("w", "http", func(sp *plan.Spec) { sp.Protocol = "ding" })))
	<-d.attached
	w := s.one("w")
	if w.Ready || d.all() != "attach 1" {
		t.Errorf("%+v, told %s", w, d.all())
	}
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.ConnectRefused, GUID: w.GUID, Incarnation: 1, Reason: "503: not now"})
	s.saw("the refusal", func(tr report.Event) bool { return strings.Contains(tr.Reason, "503: not now") })
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.Connected, GUID: w.GUID, Incarnation: 1})
	s.ready("w", 1)
}

// TestStuck: the dispatcher asks for the end of a worker because of one of its
// tasks.
func TestStuck(t *testing.T) {
	t.Parallel()
	d := &dispatcher{drain: true}
	s := openWith(t, d, planOf(spec("w", "webhook")))
	w := s.ready("w", 1)
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.TaskStuck, GUID: w.GUID, Incarnation: 1, Reason: "task 7 made no progress"})
	s.ready("w", 2)
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.TaskStuck, GUID: w.GUID, Incarnation: 1, Reason: "late news"})
	if e := s.one("w").LastExit; e.Class != report.ExitUnhealthy || e.Error != "task 7 made no progress" || s.one("w").Incarnation != 2 {
		t.Errorf("%+v", s.one("w"))
	}
}

// TestChaos lets everything happen to real processes at the same time.
// Afterwards every worker is ready, no worker has two processes, and a stop
// leaves nothing.
func TestChaos(t *testing.T) {
	p := planOf(spec("a", "webhook", func(sp *plan.Spec) { sp.Replicas = 4; sp.Socket = "inherit" }), spec("b", "wait", plain, func(sp *plan.Spec) { sp.Replicas = 4 }))
	for i := range p.Workers {
		p.Workers[i].Restart.Limit, p.Workers[i].Restart.Delay = 0, time.Millisecond
	}
	s := open(t, p)
	s.until("ready", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 8 })
	pids := map[int]bool{}
	for range testlength.Count(75, 600) {
		all := s.Workers()
		w := all[rand.IntN(len(all))]
		pids[w.PID] = w.PID != 0
		var err error
		switch rand.IntN(5) {
		case 0, 1:
			if w.PID != 0 {
				_ = syscall.Kill(w.PID, syscall.SIGKILL) // it may be gone
			}
		case 2:
			s.ReportEvent(lifecycle.Event{Kind: lifecycle.TaskStuck, GUID: w.GUID, Incarnation: w.Incarnation})
		case 3:
			_, err = s.Restart(t.Context(), w.GUID)
		case 4:
			_, err = s.Stop(t.Context(), w.GUID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	results, err := s.Restart(t.Context(), "all") // the worker that was killed last may not show it yet
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		delete(pids, r.Worker.PID)
		if r.Error != "" || !alive(r.Worker.PID) {
			t.Errorf("%+v", r)
		}
	}
	for pid, was := range pids {
		if was && alive(pid) {
			t.Errorf("pid %d of an earlier incarnation lives", pid)
		}
	}
}
