package plan

import (
	"path/filepath"
	"testing"
)

func TestStateDirOfASource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"default":             {"[worker:a]\ncommand = a\n", ".initiator"},
		"relative":            {"[initiator]\nstate_dir = state\n", "state"},
		"absolute":            {"[initiator]\nstate_dir = /var/lib/x\n", "/var/lib/x"},
		"reference":           {"[names]\nplace = there\n[initiator]\nstate_dir = ${names:place}\n", "there"},
		"faults elsewhere":    {"[initiator]\nstate_dir = state\nnonsense = 1\n[worker:a]\nreplicas = many\n", "state"},
		"faulty line":         {"[initiator]\nstate_dir = state\n[worker\n", "state"},
		"in an included file": {"[include]\nfiles = more.ini\n", "included"},
		"of supervisord":      {"[supervisord]\nnodaemon = true\n[program:a]\ncommand = a\n", ".initiator"},
	} {
		dir := tree(t, map[string]string{"main.ini": c.text, "more.ini": "[initiator]\nstate_dir = included\n"})
		s, err := Read(filepath.Join(dir, "main.ini"), testEnv)
		if err != nil {
			t.Fatal(err)
		}
		want := c.want
		if !filepath.IsAbs(want) {
			want = filepath.Join(dir, want)
		}
		if got := s.StateDir(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if p, err := s.Plan(); err == nil && p.Settings.StateDir != want {
			t.Errorf("%s: the plan has %s, want %s", name, p.Settings.StateDir, want)
		}
	}
}

func TestAFileThatCannotBeReadIsNoSource(t *testing.T) {
	t.Parallel()
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none.ini")} {
		if _, err := Read(path, testEnv); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}
