package plan

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"initiator/proactor"
)

// mustMake reads a document as if it were /etc/x/initiator.ini.
func mustMake(t testing.TB, doc string) *Plan {
	t.Helper()
	cfg, err := proactor.ParseConfig("/etc/x/initiator.ini", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	p, err := MakePlan(cfg, "/etc/x/initiator.ini", testEnv)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustSpec(t testing.TB, p *Plan, name string) *Spec {
	t.Helper()
	s, ok := p.FindSpec(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return s
}

func TestMakeFillsInEveryDefault(t *testing.T) {
	p := mustMake(t, "[worker:a]\ncommand = /bin/x --flag\n")
	want := Spec{
		Name: "a", File: "/etc/x/initiator.ini", Line: 1,
		Command: []string{"/bin/x", "--flag"}, ExecMode: "task", RetryExitCodes: "75", Interpreter: []string{"python3"},
		Contract: true, Protocol: "webhook", Connect: "token", Direct: "token", DirectCompression: "none",
		Replicas: 1, Slots: 1, Priority: 999, GroupPriority: 999, Autostart: true,
		Socket: "reserve", ListenAddr: "127.0.0.1",
		Ready: Ready{Kind: "webhook"}, StartTimeout: 30 * time.Second,
		HeartbeatSpan: 3 * time.Second, HeartbeatTolerance: 15 * time.Second,
		Probe: Probe{Span: 10 * time.Second, Timeout: time.Second, Failures: 3},
		Restart: Restart{
			Auto: "true", AutoAssumed: true, ExitCodes: []int{0}, Delay: 100 * time.Millisecond, DelayMax: time.Minute, Factor: 2, Jitter: 0.1,
			Assumed: AssumedRules{Auto: "autorestart is true by default"}, LimitAssumed: true, Reset: 10 * time.Minute, OnFatal: "ignore",
		},
		StopSignal: "TERM", StopAsGroup: GroupAuto, LeaveDescendants: LeaveNone, StopWait: 10 * time.Second, Drain: 30 * time.Second, OnInitiatorExit: "stop", OrphanGrace: 10 * time.Minute,
		Limits:    Limits{Umask: -1},
		Stdout:    Log{Path: "/etc/x/.initiator/logs/{name}.{index}.stdout.log", MaxBytes: 50 << 20, Backups: 10},
		Stderr:    Log{Path: "/etc/x/.initiator/logs/{name}.{index}.stderr.log", MaxBytes: 50 << 20, Backups: 10},
		LogPrefix: "auto", LogParse: "auto", LogFull: FullAuto,
		Tasks:  Tasks{Attempts: 3, RetryDelay: time.Second, RetryDelayMax: 10 * time.Minute, RetryJitter: 0.1, Retention: Retention{10_000, time.Hour}, RetentionFailed: Retention{100_000, 720 * time.Hour}, RetentionDead: Retention{100_000, 720 * time.Hour}},
		Config: []Entry{{Key: "command", Value: "/bin/x --flag", Valued: true}},
	}
	if got := *mustSpec(t, p, "a"); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	settings := Settings{
		ListenAddr: "127.0.0.1", SocketMode: 0o600, StateDir: "/etc/x/.initiator", StateDirUnsafe: "refuse", LogLevel: "info", ChildPortMin: 49152, ChildPortMax: 65535,
		LogMaxBytes: 50 << 20, LogBackups: 10,
	}
	if !reflect.DeepEqual(p.Settings, settings) {
		t.Errorf("got  %+v\nwant %+v", p.Settings, settings)
	}
}

func TestDefaultsThatDependOnOtherKeys(t *testing.T) {
	for _, test := range []struct {
		name, keys string
		check      func(s *Spec) bool
	}{
		{"contract off", "command = x\ncontract = off", func(s *Spec) bool {
			return s.Protocol == "none" && s.Ready.Kind == "alive" && s.StartSecs == time.Second && s.Socket == "reserve"
		}},
		{"protocol none", "command = x\nprotocol = none", func(s *Spec) bool { return s.Ready.Kind == "alive" && s.StartSecs == time.Second }},
		{"alive", "command = x\nready = alive", func(s *Spec) bool { return s.StartSecs == time.Second }},
		{"alive with startsecs", "command = x\nready = alive\nstartsecs = 5", func(s *Spec) bool { return s.StartSecs == 5*time.Second }},
		{"built-in job", "command = ${initiator:self} job sum", func(s *Spec) bool { return s.Socket == "inherit" }},
		{"built-in job, own socket", "command = ${initiator:self} job sum\nsocket = bind", func(s *Spec) bool { return s.Socket == "bind" }},
		{"own program, no job", "command = ${initiator:self} version", func(s *Spec) bool { return s.Socket == "reserve" }},
		{"exec", "exec = cat", func(s *Spec) bool { return s.Socket == "inherit" && s.Command == nil }},
		{"replicas on one inherited port", "command = x\ncontract = off\nsocket = inherit\nport = 8000\nreplicas = 3", func(s *Spec) bool {
			return s.SharesPort() && s.PortMode() == "inherit"
		}},
		{"inherited, without the contract", "command = x\ncontract = off\nsocket = inherit\nready = http:/", func(s *Spec) bool {
			return s.TakesPort() && !s.SharesPort()
		}},
		{"module", "module = pkg.mod", func(s *Spec) bool { return s.Module == "pkg.mod" && s.Interpreter[0] == "python3" }},
		{"numprocs", "command = x\nnumprocs = 3", func(s *Spec) bool { return s.Replicas == 3 }},
		{"paths", "command = x\ndirectory = sub/../d\nstdout_logfile = logs/a\nstderr_logfile = -", func(s *Spec) bool {
			return s.Directory == "/etc/x/d" && s.Stdout.Path == "/etc/x/logs/a" && s.Stderr.Path == "-"
		}},
		{"no log", "command = x\nstdout_logfile = NONE", func(s *Spec) bool { return s.Stdout.Path == "" }},
		{"after", "command = x\nafter = b, b:completed", func(s *Spec) bool {
			return slices.Equal(s.After, []Dependency{{"b", "ready"}, {"b", "completed"}})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := mustMake(t, "[worker:a]\n"+test.keys+"\n[worker:b]\ncommand = x\n")
			if s := mustSpec(t, p, "a"); !test.check(s) {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// A path with spaces, in which the initiator itself lies, stays one word.
func TestSelfIsOneWord(t *testing.T) {
	cfg, err := proactor.ParseConfig("x.ini", []byte("[worker:a]\ncommand = ${initiator:self} job \"${initiator:self}x\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := MakePlan(cfg, "x.ini", Env{Self: "/my dir/it's"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Workers[0].Command, []string{"/my dir/it's", "job", "/my dir/it'sx"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func entry(key, value string) Entry { return Entry{Key: key, Value: value, Valued: true} }

func TestSettingsInheritAndCanBeReferredTo(t *testing.T) {
	p := mustMake(t, "[DEFAULT]\nlisten_addr = ::1\nmine = 1\n[initiator]\nlisten_port = 8080\n[worker:a]\ncommand = x ${initiator:listen_port} ${env:HOME}\n[user.module]\nany = thing\n")
	if p.Settings.ListenAddr != "::1" || p.Settings.ListenPort != 8080 {
		t.Errorf("settings are %+v", p.Settings)
	}
	s := mustSpec(t, p, "a")
	if want := []string{"x", "8080", "/home/me"}; !slices.Equal(s.Command, want) || s.ListenAddr != "::1" {
		t.Errorf("command is %q, want %q; listen_addr %s", s.Command, want, s.ListenAddr)
	}
}

func TestReferencesOfDefaultMayDependOnTheSection(t *testing.T) {
	p := mustMake(t, "[DEFAULT]\nmine = 1\nlog = ${dir}/log\nslots = 3\n[worker:a]\ncommand = x\n[config:a]\ndir = /a\n[user]\ndir = /u\n")
	if want := []Entry{entry("mine", "1"), entry("slots", "3")}; !slices.Equal(p.Defaults, want) {
		t.Errorf("defaults are %v, want %v: log resolves only in sections", p.Defaults, want)
	}
	s := mustSpec(t, p, "a")
	if s.Slots != 3 {
		t.Errorf("slots = %d, not inherited", s.Slots)
	}
	if !slices.Contains(s.Config, entry("log", "/a/log")) {
		t.Errorf("the worker's entries are %v, without its log", s.Config)
	}
}

func TestGroupsAgreeWithTheirMembers(t *testing.T) {
	p := mustMake(t, "[worker:a]\ncommand = x\n[worker:b]\ncommand = x\ngroup = g\n[worker:c]\ncommand = x\ngroup = h\n[group:g]\nprograms = a\nstrategy = rest_for_one\n")
	want := []Group{
		{Name: "g", Programs: []string{"a", "b"}, Priority: 999, Strategy: RestForOne},
		{Name: "h", Programs: []string{"c"}, Priority: 999, Strategy: OneForOne},
	}
	if !reflect.DeepEqual(p.Groups, want) || mustSpec(t, p, "a").Group != "g" {
		t.Errorf("got %+v, want %+v; a is in %q", p.Groups, want, mustSpec(t, p, "a").Group)
	}
}

func TestWarningsNameTheirLine(t *testing.T) {
	p := mustMake(t, "[initiator]\nchild_port_max = 65536\ninsecure = true\n")
	want := []string{
		"/etc/x/initiator.ini:2: initiator, child_port_max: 65536 is no port; 65535 is used",
		"/etc/x/initiator.ini:3: initiator, insecure: listening beyond loopback without TLS is allowed",
		"/etc/x/initiator.ini: there is no [worker:NAME], so nothing will be started",
	}
	if !slices.Equal(p.Warnings, want) || p.Settings.ChildPortMax != 65535 {
		t.Errorf("got %q\nwant %q", p.Warnings, want)
	}
}

// Whatever a file says, Make answers with a plan whose stdin can be written
// or with faults that each name a place and a remedy; it never panics.
func FuzzMake(f *testing.F) {
	for _, d := range faultDocuments {
		if len(d.doc) < 4096 {
			f.Add(d.doc)
		}
	}
	f.Add("[initiator]\n[worker:a]\ncommand = ${initiator:self} job sum\nrecycle = tasks:1\n[config:a]\nx = ${env:SPACED}\n")
	f.Fuzz(func(t *testing.T, doc string) {
		cfg, err := proactor.ParseConfig("x.ini", []byte(doc))
		if err != nil {
			return
		}
		p, err := MakePlan(cfg, "/x.ini", testEnv)
		if err != nil {
			checkFaults(t, err)
			return
		}
		for i := range p.Workers {
			s := &p.Workers[i]
			if s.Contract && WorkerStdin(p, s, WorkerIdentity{GUID: "g", Token: "t"}) == nil {
				t.Errorf("%s has no stdin", s.Name)
			}
		}
		for _, c := range DiffPlans(p, p) {
			if c.HasEffect() {
				t.Errorf("a plan differs from itself: %+v", c)
			}
		}
	})
}

func checkFaults(t *testing.T, err error) {
	var faults proactor.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("%v is not Faults", err)
	}
	for _, f := range faults {
		if f.File == "" || f.Problem == "" || f.Remedy == "" {
			t.Errorf("%+v lacks a file, a problem or a remedy", f)
		}
	}
}
