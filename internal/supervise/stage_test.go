package supervise

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/proactor"
)

var ctxBackground = context.Background()

// lowest is the first port of this run's own range: a parallel run must not be
// given a port at the moment in which this run binds it again.
var lowest = 10000 + os.Getpid()%19*1000

// stagePorts is how many ports each stage has.
const stagePorts = 25

var portsTaken atomic.Int64 // of the run's own range, from lowest on

// takePorts returns the next n ports of this run's own range: tests that run in
// parallel have different ports. After a thousand ports the range begins again,
// when the tests that had its first ports have ended.
func takePorts(n int) port.Range {
	for {
		last := int(portsTaken.Add(int64(n)) - 1)
		if first := last - n + 1; first/1000 == last/1000 {
			return port.Range{Min: lowest + first%1000, Max: lowest + last%1000}
		}
	}
}

// allPorts lets a serial test use the whole range.
func allPorts(o *Options) { o.Ports = port.New(port.Range{Min: lowest, Max: lowest + 999}) }

// stage is a running supervisor with a real keeper, and waits for what it
// reports.
type stage struct {
	*Supervisor
	t      testing.TB
	keeper *keeper.Keeper
	cancel context.CancelFunc
	result chan error
	log    bytes.Buffer

	mu     sync.Mutex
	seen   []report.Event
	lines  []string
	waited time.Duration // in next, without a transition
	change chan struct{} // closed and replaced at each transition or line
}

// spec is one worker that plays a role.
func spec(name, role string, change ...func(*plan.Spec)) plan.Spec {
	s := plan.Spec{
		Name: name, Command: []string{os.Args[0]}, Contract: true, Protocol: "webhook", Replicas: 1, Slots: 1,
		Environment: []plan.Entry{{Key: "TEST_ROLE", Value: role, Valued: true}},
		Socket:      "reserve", ListenAddr: "127.0.0.1", Ready: plan.Ready{Kind: "webhook"}, StartTimeout: 20 * time.Second,
		HeartbeatTolerance: 15 * time.Second, StopSignal: "TERM", StopWait: 10 * time.Second, Drain: time.Second,
		Restart: plan.Restart{
			Auto: "unexpected", ExitCodes: []int{0}, Delay: 100 * time.Millisecond, DelayMax: time.Minute,
			Factor: 2, Jitter: 0.1, Limit: 10, Window: 10 * time.Minute, Reset: 10 * time.Minute, OnFatal: "ignore",
		},
		Autostart: true, Priority: 999, Limits: plan.Limits{Umask: -1},
		Stdout: plan.Log{Path: "-"}, RedirectStderr: true,
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

// plain is a program that does not know the contract.
func plain(s *plan.Spec) {
	s.Contract, s.Protocol, s.Ready.Kind, s.StartSecs = false, "none", "alive", 0
}

func planOf(specs ...plan.Spec) *plan.Plan {
	return &plan.Plan{Dir: os.TempDir(), Workers: specs, Settings: plan.Settings{ChildPortMin: lowest, ChildPortMax: lowest + 999}}
}

// open starts the supervisor; the test's end stops it and waits.
func open(t testing.TB, p *plan.Plan, change ...func(*Options)) *stage {
	t.Helper()
	k, err := keeper.Launch(keeper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, keeper: k, result: make(chan error, 1), change: make(chan struct{})}
	o := Options{
		Keeper: k, Plan: p, Ports: port.New(takePorts(stagePorts)), Stdin: stdin,
		Logger:       hclog.New(&hclog.LoggerOptions{Output: &s.log, Level: hclog.Info}),
		OnTransition: s.notify, OnOutput: s.output, ParentURL: "http://127.0.0.1:1",
		NewKeeper: func() (*keeper.Keeper, error) { return keeper.Launch(keeper.Options{}) },
	}
	for _, f := range change {
		f(&o)
	}
	s.Supervisor = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.result <- s.Run(ctx) }()
	t.Cleanup(s.close)
	return s
}

// close stops everything. It fails the test and kills everything when that
// takes too long.
func (s *stage) close() {
	s.cancel()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Errorf("the stop did not converge: %+v", s.Workers())
		s.KillAll()
		<-s.done
	}
	if err := s.keeper.Close(); err != nil {
		s.t.Error(err)
	}
	if s.t.Failed() {
		s.t.Log(s.log.String())
		for _, tr := range s.seen {
			s.t.Logf("%d %s %s %d: %s → %s %t %s", tr.Seq, tr.Name, shortGUID(tr.GUID), tr.Incarnation, tr.From, tr.To, tr.Ready, tr.Reason)
		}
	}
}

func stdin(spec *plan.Spec, guid string, port, incarnation int, token string) []byte {
	var b bytes.Buffer
	_ = proactor.WriteDocument(&b, []proactor.LiteralSection{{Name: guid, Entries: []proactor.Entry{
		{Key: "token", Value: token, Valued: true}, {Key: "listen_port", Value: strconv.Itoa(port), Valued: true},
	}}})
	return b.Bytes()
}

func (s *stage) notify(t report.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, t)
	s.wake()
}

func (s *stage) output(l Lines) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, l.Lines...)
	s.wake()
}

func (s *stage) wake() {
	close(s.change)
	s.change = make(chan struct{})
}

// until waits until ok accepts the transitions and lines so far.
func (s *stage) until(what string, ok func(seen []report.Event, lines []string) bool) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		met, change := ok(s.seen, s.lines), s.change
		s.mu.Unlock()
		if met {
			return
		}
		select {
		case <-change:
		case <-deadline:
			s.t.Fatalf("waited %s for %s; the workers: %+v", patience, what, s.Workers())
		}
	}
}

// saw waits for a transition.
func (s *stage) saw(what string, ok func(report.Event) bool) (found report.Event) {
	s.t.Helper()
	s.until(what, func(seen []report.Event, _ []string) bool {
		for _, tr := range seen {
			if ok(tr) {
				found = tr
				return true
			}
		}
		return false
	})
	return found
}

// ready waits until the nth incarnation of a worker of that name is ready.
func (s *stage) ready(name string, incarnation int) report.Event {
	s.t.Helper()
	return s.saw(name+" ready", func(tr report.Event) bool {
		return tr.Name == name && tr.Ready && tr.Incarnation == incarnation
	})
}

// reaches waits for a state.
func (s *stage) reaches(name string, state report.State) report.Event {
	s.t.Helper()
	return s.saw(name+" "+state.String(), func(tr report.Event) bool { return tr.Name == name && tr.To == state })
}

// line waits for an output line with a prefix, and returns the rest.
func (s *stage) line(prefix string) (rest string) {
	s.t.Helper()
	s.until("the line "+prefix, func(_ []report.Event, lines []string) bool {
		for _, l := range lines {
			if len(l) > len(prefix) && l[:len(prefix)] == prefix {
				rest = l[len(prefix):]
				return true
			}
		}
		return false
	})
	return rest
}

// one returns the only worker of that name.
func (s *stage) one(name string) report.Worker {
	s.t.Helper()
	for _, w := range s.Workers() {
		if w.Name == name {
			return w
		}
	}
	s.t.Fatalf("no worker %s", name)
	return report.Worker{}
}

// next waits for one more transition.
func (s *stage) next() {
	s.t.Helper()
	s.mu.Lock()
	change := s.change
	s.mu.Unlock()
	select {
	case <-change:
	case <-time.After(50 * time.Millisecond): // it may have been the transition before
		s.waited += 50 * time.Millisecond
		if s.waited > patience {
			s.t.Fatalf("waited %s; the workers: %+v", patience, s.Workers())
		}
	}
}
