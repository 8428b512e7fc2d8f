package main

import (
	"slices"
	"strings"
	"testing"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/plan"
)

func TestChooseKeys(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string // the keys, or the error
	}{
		{[]string{"slots"}, "worker slots"},
		{[]string{"Slots", "STATE_DIR"}, "initiator state_dir, worker slots"},
		{[]string{"priority"}, "worker priority, group priority"},
		{[]string{"include"}, "include files"},
		{[]string{"[include]"}, "include files"},
		{[]string{"slotz"}, "no section of an INI has a key slotz; did you mean \"slots\"?"},
		{[]string{"[wroker:x]"}, "no section of an INI has a key [wroker:x]; did you mean \"worker\"?"},
	} {
		keys, err := chooseKeys(c.names)
		var got []string
		for _, k := range keys {
			got = append(got, k.Section+" "+k.Name)
		}
		if err != nil {
			got = []string{err.Error() + "; " + err.(*cli.Fault).NextStep}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%q: %q, want %q", c.names, got, c.want)
		}
	}
	whole, err := chooseKeys([]string{"[worker:adder]"})
	if err != nil || len(whole) < 50 || slices.ContainsFunc(whole, func(k plan.KeyDoc) bool { return k.Section != "worker" }) {
		t.Errorf("a whole section: %d keys, %v", len(whole), err)
	}
}

// TestKeyLines: a key, its default and type, and its meaning, on a terminal
// within its width.
func TestKeyLines(t *testing.T) {
	keys := []plan.KeyDoc{
		{Section: "initiator", Name: "state_dir", Type: "path", Default: ".initiator", Doc: "where it keeps what must outlive it"},
		{Section: "worker", Name: "exec", Type: "command line", Doc: "a command"},
	}
	for width, want := range map[int]string{
		0:  "[initiator]|state_dir = .initiator  (path)|    where it keeps what must outlive it||[worker:NAME]|exec  (command line)|    a command",
		24: "[initiator]|state_dir = .initiator …|    where it keeps what|    must outlive it||[worker:NAME]|exec  (command line)|    a command",
	} {
		if got := strings.Join(keyLines(keys, width), "|"); got != want {
			t.Errorf("at %d columns:\n%s, want\n%s", width, got, want)
		}
	}
}

// The reference is the same table with which the INI is read.
func TestEveryKeyIsShown(t *testing.T) {
	text := strings.Join(keyLines(plan.KeyDocs(), 0), "\n")
	for _, k := range plan.KeyDocs() {
		if !strings.Contains(text, "\n"+k.Name) || !strings.Contains(text, k.Doc) {
			t.Errorf("%s %s is not there", k.Section, k.Name)
		}
	}
}
