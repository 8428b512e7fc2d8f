package plan

import (
	"fmt"
	"testing"
)

// TestRestartPolicyThatTheFileLeavesOpen: which autorestart and which
// restart_limit a worker has, alone and as the worker of `up --main`.
func TestRestartPolicyThatTheFileLeavesOpen(t *testing.T) {
	const implied = "10/600"
	for name, c := range map[string]struct {
		ini            string
		auto, limit    string
		asMain, limits string // with --main
	}{
		"a worker with the contract":         {"[worker:a]\ncommand = x\n", "true", "none", "unexpected", implied},
		"a program without it":               {"[worker:a]\ncommand = x\ncontract = off\n", "unexpected", "none", "unexpected", implied},
		"exec":                               {"[worker:a]\nexec = x\n", "true", "none", "unexpected", implied},
		"protocol = none":                    {"[worker:a]\ncommand = x\nprotocol = none\n", "true", "none", "unexpected", implied},
		"autorestart is written":             {"[worker:a]\ncommand = x\nautorestart = true\n", "true", "none", "true", implied},
		"autorestart is inherited":           {"[DEFAULT]\nautorestart = unexpected\n[worker:a]\ncommand = x\n", "unexpected", "none", "unexpected", implied},
		"restart_limit is written":           {"[worker:a]\ncommand = x\nrestart_limit = 3/1min\n", "true", "3/60", "unexpected", "3/60"},
		"restart_limit = none":               {"[worker:a]\ncommand = x\nrestart_limit = none\n", "true", "none", "unexpected", "none"},
		"on_fatal = shutdown":                {"[worker:a]\ncommand = x\non_fatal = shutdown\n", "true", implied, "unexpected", implied},
		"on_fatal = shutdown with a limit":   {"[worker:a]\ncommand = x\non_fatal = shutdown\nrestart_limit = none\n", "true", "none", "unexpected", "none"},
		"another worker waits for its end":   {"[worker:a]\ncommand = x\n[worker:b]\ncommand = y\nafter = a:completed_successfully\n", "unexpected", "none", "unexpected", implied},
		"another worker waits for readiness": {"[worker:a]\ncommand = x\n[worker:b]\ncommand = y\nafter = a\n", "true", "none", "unexpected", implied},
	} {
		p := mustPlan(t, c.ini)
		if got := restartKeysOf(mustSpec(t, p, "a")); got != c.auto+" "+c.limit {
			t.Errorf("%s: %s, want %s %s", name, got, c.auto, c.limit)
		}
		if got := restartKeysOf(mustSpec(t, p.WithMain("a"), "a")); got != c.asMain+" "+c.limits {
			t.Errorf("%s, --main: %s, want %s %s", name, got, c.asMain, c.limits)
		}
		if got := restartKeysOf(mustSpec(t, p, "a")); got != c.auto+" "+c.limit {
			t.Errorf("%s: WithMain has changed the plan: %s", name, got)
		}
	}
}

// TestModuleSectionsMayEnd: a section that is named after a module is no pool.
func TestModuleSectionsMayEnd(t *testing.T) {
	p := mustPlan(t, "[package.module]\ngreeting = hello\n[worker:a]\nmodule = package.other\n")
	if got := restartKeysOf(mustSpec(t, p, "package.module")); got != "unexpected none" {
		t.Errorf("a module section: %s", got)
	}
	if got := restartKeysOf(mustSpec(t, p, "a")); got != "true none" {
		t.Errorf("a worker with a module: %s", got)
	}
}

// TestSupervisordKeepsItsRestartPolicy: --main changes nothing in a
// supervisord.conf.
func TestSupervisordKeepsItsRestartPolicy(t *testing.T) {
	p := supervised(t, "[supervisord]\n[program:cat]\ncommand = cat\nautorestart = true\n")
	for _, p := range []*Plan{p, p.WithMain("cat")} {
		if got := restartKeysOf(mustSpec(t, p, "cat")); got != "true none" {
			t.Error(got)
		}
	}
}

func restartKeysOf(s *Spec) string {
	return fmt.Sprintf("%s %s", s.Restart.Auto, formatRate(s.Restart.Limit, s.Restart.Window))
}
