package preflight

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/internal/plan"
)

// TestExamine: each need of a worker that this machine does not have is found under
// its key, and a program that several commands run is found once.
func TestExamine(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"program": 0o755, "text": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	withUser := plan.Spec{Command: []string{"./program"}}
	withUser.Limits.User = "no-such-user"
	withProbe := plan.Spec{Command: []string{"./program"}}
	withProbe.Probe.Command = []string{"./probe"}
	inPath := []plan.Entry{{Key: "PATH", Value: dir, Valued: true}}
	for name, tt := range map[string]struct {
		spec      plan.Spec
		isDefault bool
		want      string // "KEY: part of the problem" of each finding
	}{
		"nothing":              {plan.Spec{Command: []string{"./program"}}, false, ""},
		"found in its PATH":    {plan.Spec{Command: []string{"program"}, Environment: inPath}, false, ""},
		"not in its PATH":      {plan.Spec{Command: []string{"other"}, Environment: inPath}, false, "command: there is no program other"},
		"only a start knows":   {plan.Spec{Command: []string{"{guid}"}}, false, ""},
		"missing, twice":       {plan.Spec{Command: []string{"./x"}, StopCommand: []string{"./x"}}, false, "command: there is no program ./x"},
		"a hook":               {plan.Spec{Command: []string{"./program"}, BeforeStart: []string{"./x"}}, false, "before_start: there is no program ./x"},
		"a probe":              {withProbe, false, "probe: there is no program ./probe"},
		"not executable":       {plan.Spec{Command: []string{"./text"}}, false, "command: not executable"},
		"a directory":          {plan.Spec{Command: []string{dir}}, false, "command: is a directory"},
		"a user":               {withUser, false, "user: no-such-user"},
		"no working directory": {plan.Spec{Command: []string{"/bin/sh"}, Directory: dir + "/x"}, false, "directory: there is no directory"},
		"a file in its place":  {plan.Spec{Command: []string{"/bin/sh"}, Directory: dir + "/text"}, false, "directory: is not a directory"},
		"a faulty environment": {plan.Spec{Command: []string{"./x"}}, true, ""},
	} {
		p := &plan.Plan{Dir: dir, Workers: []plan.Spec{tt.spec}}
		found := Examine(p, func(*plan.Spec, ...string) bool { return tt.isDefault })
		key, part, _ := strings.Cut(tt.want, ": ")
		switch {
		case tt.want == "" && len(found) > 0:
			t.Errorf("%s: found %+v", name, found)
		case tt.want != "" && (len(found) != 1 || found[0].Key != key || !strings.Contains(found[0].Problem, part)):
			t.Errorf("%s: found %+v, want %s", name, found, tt.want)
		}
	}
}
