package plan

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"initiator/initiator/report"
)

// variables is an environment for ${env:NAME}.
func variables(name string) (string, bool) { return "value-of-" + name, name != "UNSET" }

func mustPlan(t *testing.T, ini string) *Plan {
	t.Helper()
	cfg, err := parseText("x.ini", ini)
	if err != nil {
		t.Fatal(err)
	}
	p, err := MakePlan(cfg, "x.ini", Env{Self: "/bin/self", Lookup: variables})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The variables of secret keys are found wherever the file has the key, and through
// every reference.
func TestSecretVariables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ini  string
		want []string
	}{
		"none":        {"[worker:a]\ncommand = x ${env:A}\nenvironment = B=${env:B}", nil},
		"plain":       {"[worker:a]\ncommand = x\ncallback_secret = ${env:A}", []string{"A"}},
		"composed":    {"[worker:a]\ncommand = x\ncallback_secret = u:${env:B}@${env:A}/$${env:C}", []string{"A", "B"}},
		"nested":      {"[s]\nurl = ${host}${env:B}\nhost = ${env:A}\n[worker:a]\ncommand = x\ncallback_secret = ${s:url}", []string{"A", "B"}},
		"of DEFAULT":  {"[DEFAULT]\ncallback_secret = ${env:A}\n[worker:a]\ncommand = x", []string{"A"}},
		"DEFAULT":     {"[DEFAULT]\ncallback_secret = ${env:A}\n[worker:a]\ncommand = x\ncallback_secret = ${env:B}", []string{"A", "B"}},
		"of config":   {"[worker:a]\ncommand = x\n[config:a]\ncallback_secret = ${env:A}\nother = ${env:B}", []string{"A"}},
		"of a module": {"[a.module]\ncallback_secret = ${env:A}", []string{"A"}},
	} {
		p := mustPlan(t, c.ini)
		if !slices.Equal(p.SecretVariables, c.want) {
			t.Errorf("%s: %v, want %v", name, p.SecretVariables, c.want)
		}
		for _, s := range p.Workers {
			if i := s.EnvironmentInherit; !slices.Equal(i.Withheld, c.want) || i.Selects("A") == slices.Contains(c.want, "A") || !i.Selects("PATH") {
				t.Errorf("%s: %s inherits %+v", name, s.Name, i)
			}
			for _, e := range s.Config {
				if e.Key == "callback_secret" {
					t.Errorf("%s: %s is given %+v", name, s.Name, e)
				}
			}
		}
	}
}

func TestInheritance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, normal, selected string }{
		{"all", "all", "[A AB B HOME]"}, {"none", "none", "[]"}, {"A", "A", "[A]"}, {"A*", "A*", "[A AB]"}, {"HOME, B", "HOME,B", "[B HOME]"},
	} {
		got, err := parseInheritance(c.text)
		var selected []string
		for _, name := range []string{"A", "AB", "B", "HOME"} {
			if got.Selects(name) {
				selected = append(selected, name)
			}
		}
		if err != nil || formatInheritance(got) != c.normal || fmt.Sprint(selected) != c.selected {
			t.Errorf("%s: %+v selects %v, %v", c.text, got, selected, err)
		}
	}
	for _, text := range []string{"*", "A*B", "ALL", "A,none", "A=1", "1A"} {
		if got, err := parseInheritance(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// A worker without the key has that of [initiator]. A change of either, and another
// secret, restart the workers that would inherit something else.
func TestInheritanceIsCompared(t *testing.T) {
	t.Parallel()
	const ini = "[initiator]\nenvironment_inherit = %s\n[worker:a]\ncommand = x\ncallback_secret = %s\n[worker:b]\ncommand = x\nenvironment_inherit = HOME\n"
	base := mustPlan(t, fmt.Sprintf(ini, "all", "${env:A}"))
	for _, c := range []struct{ inherit, secret, want string }{
		{"all", "${env:A}x", "[{a keep [callback_secret] } {b keep [] }]"},
		{"all", "${env:A}${env:B}", "[{a restart [callback_secret environment_inherit] } {b keep [] }]"},
		{"PATH", "${env:A}", "[{a restart [environment_inherit] } {b keep [] }]"},
	} {
		next := mustPlan(t, fmt.Sprintf(ini, c.inherit, c.secret))
		if got := fmt.Sprint(DiffPlans(base, next)); got != c.want || len(DiffSettings(base, next)) != 0 {
			t.Errorf("%s, %s: %s, want %s; settings %v", c.inherit, c.secret, got, c.want, DiffSettings(base, next))
		}
		marks := func(p *Plan) map[string]string { s, _ := p.FindSpec("a"); return Fingerprint(p, s, os.Args[0]) }
		restarts := slices.Contains(DiffFingerprints(marks(base), marks(next)), "environment_inherit")
		if got := DiffPlans(base, next)[0].Action == report.ActionRestart; got != restarts {
			t.Errorf("%s, %s: the fingerprints differ %v, the plans %v", c.inherit, c.secret, restarts, got)
		}
	}
}
