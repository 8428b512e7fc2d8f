package supervise

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func TestTiers(t *testing.T) {
	at := func(name string, priority int, after ...string) *plan.Spec {
		s := &plan.Spec{Name: name, Priority: priority}
		for _, a := range after {
			s.After = append(s.After, plan.Dependency{Name: a, Condition: "ready"})
		}
		return s
	}
	for _, c := range []struct {
		name  string
		specs []*plan.Spec
		want  string
	}{
		{"equals start together", []*plan.Spec{at("a", 999), at("b", 999)}, "a b"},
		{"priority", []*plan.Spec{at("a", 999), at("b", 1), at("c", 1)}, "b c|a"},
		{"after is stronger than priority", []*plan.Spec{at("a", 1, "b"), at("b", 999)}, "b|a"},
		{"a chain", []*plan.Spec{at("c", 1, "b"), at("b", 1, "a"), at("a", 1)}, "a|b|c"},
		{"what is unknown holds up nothing", []*plan.Spec{at("a", 1, "gone")}, "a"},
		{"a cycle ends", []*plan.Spec{at("a", 1, "a"), at("b", 1)}, "a b"},
	} {
		var got []string
		for _, tier := range startTiers(c.specs) {
			got = append(got, strings.Join(tier, " "))
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestChildArgv(t *testing.T) {
	places := plan.Placeholders{Name: "w", GUID: "G", Index: 2, Port: 7}
	for _, c := range []struct {
		spec plan.Spec
		want string
	}{
		{plan.Spec{Command: []string{"prog", "-x"}, Contract: true}, "prog -x --guid G --port 7"},
		{plan.Spec{Command: []string{"prog", "--listen=:{port}"}, Contract: true}, "prog --listen=:7"},
		{plan.Spec{Command: []string{"prog", "{guid}"}, Contract: true}, "prog G"},
		{plan.Spec{Command: []string{"prog", "{name}.{index}"}, Contract: true}, "prog w.2 --guid G --port 7"},
		{plan.Spec{Command: []string{"prog", "{{guid}"}, Contract: true}, "prog {guid} --guid G --port 7"},
		{plan.Spec{Command: []string{"prog", "{port}"}}, "prog 7"},
		{plan.Spec{Command: []string{"prog"}}, "prog"},
		{plan.Spec{Command: []string{"prog", "{port}"}, FromSupervisord: true}, "prog {port}"},
		{plan.Spec{Interpreter: []string{"py"}, Module: "m", Contract: true}, "py -m m --guid G --port 7"},
		{plan.Spec{Exec: []string{"prog", "{index}"}, Contract: true}, ownProgram() + " job exec --guid G --port 7 -- prog 2"},
	} {
		if got := strings.Join(childArgv(&c.spec, places), " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.spec.Command, got, c.want)
		}
	}
}

// TestEnvironmentCannotForge: the definition's variables neither appear twice
// nor replace a reserved variable.
func TestEnvironmentCannotForge(t *testing.T) {
	spec := &plan.Spec{Contract: true, Environment: []plan.Entry{{Key: "PATH", Value: "/mine"}, {Key: "INITIATOR_GUID", Value: "other"}, {Key: "PORT", Value: "1"}}}
	base := stripReserved([]string{"PATH=/bin", "WATCHDOG_PID=1", "LISTEN_FDS=1", "LISTEN_ADDR=:1", "HOME=/"})
	got := initiatorEnv{base, "http://h:1", "8:9", "/bin/self"}.childEnv(spec, nil, plan.Placeholders{GUID: "G", Port: 7}, 2)
	want := []string{"PATH=/mine", "LISTEN_ADDR=:1", "HOME=/", "PORT=7", "INITIATOR_GUID=G", "INITIATOR_INCARNATION=2", "INITIATOR_STATE=8:9", "INITIATOR_PROGRAM=/bin/self", "INITIATOR_PORT=7", "INITIATOR_URL=http://h:1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestUserVariables: the user's variables come before the inherited variables,
// whatever is inherited, and the definition's additions before them.
func TestUserVariables(t *testing.T) {
	user := []plan.Entry{{Key: "HOME", Value: "/home/u"}, {Key: "USER", Value: "u"}}
	spec := &plan.Spec{Environment: []plan.Entry{{Key: "USER", Value: "me"}}, EnvironmentInherit: plan.Inheritance{Restricted: true, Patterns: []string{"PATH"}}}
	got := initiatorEnv{base: []string{"HOME=/root", "USER=root", "PATH=/bin"}}.childEnv(spec, user, plan.Placeholders{GUID: "G"}, 1)
	want := []string{"PATH=/bin", "HOME=/home/u", "USER=me", "INITIATOR_GUID=G", "INITIATOR_INCARNATION=1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPortVariable: PORT is the port of the worker, also of a program without the
// contract, which may be given another PORT. Without a port, the inherited value
// stays.
func TestPortVariable(t *testing.T) {
	own := []plan.Entry{{Key: "PORT", Value: "{port}1"}}
	for _, c := range []struct {
		name string
		spec plan.Spec
		port int
		want string
	}{
		{"contract", plan.Spec{Contract: true}, 7, "PORT=7"},
		{"contract, another in environment", plan.Spec{Contract: true, Environment: own}, 7, "PORT=7"},
		{"a port", plan.Spec{}, 7, "PORT=7"},
		{"another in environment", plan.Spec{Environment: own}, 7, "PORT=71"},
		{"no port", plan.Spec{}, 0, "PORT=8080"},
	} {
		got := initiatorEnv{base: []string{"PORT=8080"}}.childEnv(&c.spec, nil, plan.Placeholders{GUID: "G", Port: c.port}, 1)
		if got[0] != c.want {
			t.Errorf("%s: %q, want %s", c.name, got, c.want)
		}
	}
}

func TestExplain(t *testing.T) {
	now := time.Now()
	a := Explain(report.Worker{
		GUID: "0123456789", Name: "adder", State: report.Backoff, Since: now.Add(-2 * time.Second), Reason: "exit code 3, after 5ms; will be restarted in 10s (restart 4)",
		NextStart: now.Add(8 * time.Second), LastExit: report.Exit{Class: report.ExitNonzero, Code: 3, Lived: "5ms"}, Rule: "restart 4",
	}, now)
	want := "adder (01234567) has been BACKOFF for 2s: exit code 3, after 5ms; will be restarted in 10s (restart 4); the next start is due in 8s; `initiator start adder` starts it at once."
	if a.Sentence != want {
		t.Errorf("%s\nwant\n%s", a.Sentence, want)
	}
	a = Explain(report.Worker{
		GUID: "g", Name: "app", State: report.Running, Ready: true, Reason: "ready after 3ms", Since: now, Status: "warm",
		LastExit: report.Exit{Class: report.ExitSignal, Signal: "KILL", Code: -1, At: now.Add(-time.Minute)}, Rule: "restart 1",
	}, now)
	for _, part := range []string{"app (g) has been RUNNING", "ended 1m ago (killed by SIGKILL)", "restart 1", "its status: warm"} {
		if !strings.Contains(a.Sentence, part) {
			t.Errorf("%q is not in: %s", part, a.Sentence)
		}
	}
}

func TestTheGroupsPriorityComesFirst(t *testing.T) {
	specs := []*plan.Spec{
		{Name: "c", GroupPriority: 999, Priority: 1},
		{Name: "b", GroupPriority: 5, Priority: 20},
		{Name: "a", GroupPriority: 5, Priority: 10},
		{Name: "d", GroupPriority: 5, Priority: 10},
	}
	want := [][]string{{"a", "d"}, {"b"}, {"c"}}
	if got := startTiers(specs); !reflect.DeepEqual(got, want) {
		t.Errorf("tiers %v, want %v", got, want)
	}
}
