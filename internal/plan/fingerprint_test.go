package plan

import (
	"slices"
	"testing"

	"initiator/initiator/report"
	"initiator/proactor"
)

func planText(t *testing.T, text string) *Plan {
	t.Helper()
	cfg, err := proactor.ParseConfig("test.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := MakePlan(cfg, "/somewhere/test.ini", Env{Self: "/bin/true"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFingerprintAgreesWithDiff: both say the same of what needs a restart.
func TestFingerprintAgreesWithDiff(t *testing.T) {
	const base = "[worker:a]\ncommand = x\nstopsignal = INT\n"
	old := planText(t, base)
	for text, want := range map[string][]string{
		base:                               nil,
		base + "restart_limit = 3/1min\n":  nil,
		base + "replicas = 7\n":            nil,
		base + "umask = 027\n":             {"umask"},
		base + "slots = 1\n":               nil,
		base + "environment = A=\"b\"\n":   {"environment"},
		base + "[config:a]\ngreet = hi\n":  {"config.greet"},
		"[DEFAULT]\nall = 1\n" + base:      {"DEFAULT.all"},
		"[worker:a]\ncommand = y\n" + "\n": {"command"},
	} {
		next := planText(t, text)
		got := DiffFingerprints(Fingerprint(old, &old.Workers[0], ""), Fingerprint(next, &next.Workers[0], ""))
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
		if restart := DiffPlans(old, next)[0].Action == report.ActionRestart; restart != (len(got) > 0) {
			t.Errorf("%q: Diff and Differs disagree: %v", text, got)
		}
	}
}

// TestFingerprintOfAMovedProgram: an upgrade to another path restarts nothing.
func TestFingerprintOfAMovedProgram(t *testing.T) {
	const text = "[worker:a]\ncommand = ${initiator:self} job sum\n"
	cfg, err := proactor.ParseConfig("test.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var marks []map[string]string
	for _, self := range []string{"/usr/bin/initiator", "/opt/new \"one\"/initiator"} {
		p, err := MakePlan(cfg, "/somewhere/test.ini", Env{Self: self})
		if err != nil {
			t.Fatal(err)
		}
		marks = append(marks, Fingerprint(p, &p.Workers[0], self))
	}
	if keys := DiffFingerprints(marks[0], marks[1]); keys != nil {
		t.Errorf("differs in %v", keys)
	}
}
