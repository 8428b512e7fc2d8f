package plan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/internal/loglevel"
	"initiator/proactor"
)

// ownOutputs are paths of log files, and the output of the initiator to which they
// lead from a worker's stdout and stderr.
var ownOutputs = []struct{ path, stdout, stderr string }{
	{"/dev/stdout", "stdout", "stdout"},
	{"/dev/stderr", "stderr", "stderr"},
	{"/dev/fd/1", "stdout", "stdout"},
	{"/dev/fd/2", "stderr", "stderr"},
	{"/proc/self/fd/1", "stdout", "stdout"},
	{"/proc/self/fd/2", "stderr", "stderr"},
	{"/proc/thread-self/fd/2", "stderr", "stderr"},
	{"/dev//./fd/../stdout", "stdout", "stdout"},
	{"/dev/fd/01", "stdout", "stdout"},
	{"/dev/null", "", ""},
	{"/tmp/stdout", "", ""},
	{"/dev/fd/x", "", ""},
}

// planIn makes the plan of one program in one of the two dialects.
func planIn(t *testing.T, dialect, settings, keys string) (*Plan, error) {
	t.Helper()
	text, name := "[initiator]\n"+settings+"[worker:a]\ncontract = off\ncommand = x\n"+keys, "initiator.ini"
	if dialect == "supervisord" {
		text, name = "[supervisord]\n"+settings+"[program:a]\ncommand = x\n"+keys, "supervisord.conf"
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, testEnv)
}

// TestOwnOutput: the initiator's own outputs have the same names in both dialects,
// and a stream can go to the output of the other name.
func TestOwnOutput(t *testing.T) {
	for _, dialect := range []string{"ours", "supervisord"} {
		for _, o := range ownOutputs {
			p, err := planIn(t, dialect, "logfile = "+o.path+"\n", "stdout_logfile = "+o.path+"\nstderr_logfile = "+o.path+"\n")
			if err != nil {
				t.Errorf("%s: %s: %v", dialect, o.path, err)
				continue
			}
			s := &p.Workers[0]
			if out, err := s.OwnOutputOf("stdout"), s.OwnOutputOf("stderr"); out != o.stdout || err != o.stderr {
				t.Errorf("%s: %s: stdout goes to %q, stderr to %q", dialect, o.path, out, err)
			}
			want := map[string]string{"stdout": StdoutPath, "stderr": "", "": o.path}[o.stdout]
			if p.Settings.LogFile != want {
				t.Errorf("%s: logfile = %s is %q, want %q", dialect, o.path, p.Settings.LogFile, want)
			}
		}
		p, err := planIn(t, dialect, "", "stdout_logfile = /dev/stderr\nredirect_stderr = true\n")
		if err != nil || p.Workers[0].OwnOutputOf("stderr") != "stderr" || p.Workers[0].LogOf("stderr").IsFile() {
			t.Errorf("%s: redirected: %+v, %v", dialect, p, err)
		}
	}
}

// TestLinkToOwnOutput: a symbolic link to an output means that output, wherever in
// the path it stands.
func TestLinkToOwnOutput(t *testing.T) {
	dir := t.TempDir()
	for name, target := range map[string]string{
		"out": "/dev/stdout", "err": "/proc/self/fd/2", "again": "out", "dev": "/dev", "up": "dev/../dev/fd/2", "file": "log", "loop": "loop", "in": "/dev/fd/0",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, dialect := range []string{"ours", "supervisord"} {
		for path, want := range map[string]string{"out": "stdout", "err": "stderr", "again": "stdout", "dev/stderr": "stderr", "dev/fd/1": "stdout", "up": "stderr", "file": "", "loop": "", "dev/null": ""} {
			path = filepath.Join(dir, path)
			p, err := planIn(t, dialect, "logfile = "+path+"\n", "stdout_logfile = "+path+"\nstderr_logfile = "+path+"\n")
			if err != nil {
				t.Errorf("%s: %s: %v", dialect, path, err)
				continue
			}
			s := &p.Workers[0]
			if out, err := s.OwnOutputOf("stdout"), s.OwnOutputOf("stderr"); out != want || err != want {
				t.Errorf("%s: %s: stdout goes to %q, stderr to %q, want %q", dialect, path, out, err, want)
			}
			if file := map[string]string{"stdout": StdoutPath, "stderr": "", "": path}[want]; p.Settings.LogFile != file {
				t.Errorf("%s: logfile = %s is %q, want %q", dialect, path, p.Settings.LogFile, file)
			}
		}
		in := filepath.Join(dir, "in")
		_, err := planIn(t, dialect, "logfile = "+in+"\n", "stdout_logfile = "+in+"\nstderr_logfile = "+in+"\n")
		var faults proactor.Faults
		if !errors.As(err, &faults) || len(faults) != 3 || !strings.Contains(faults[0].Problem, in+" is descriptor 0 ") {
			t.Errorf("%s: a link to stdin: %v", dialect, err)
		}
	}
}

// TestNoOutput: a descriptor that is no output is a fault of every key, with its
// line.
func TestNoOutput(t *testing.T) {
	for _, dialect := range []string{"ours", "supervisord"} {
		for _, path := range []string{"/dev/stdin", "/dev/fd/0", "/dev/fd/3", "/proc/self/fd/255"} {
			_, err := planIn(t, dialect, "logfile = "+path+"\n", "stdout_logfile = "+path+"\nstderr_logfile = "+path+"\n")
			var faults proactor.Faults
			if !errors.As(err, &faults) || len(faults) != 3 {
				t.Errorf("%s: %s: %v", dialect, path, err)
				continue
			}
			for _, f := range faults {
				if f.Line == 0 || !strings.Contains(f.Problem, path+" is descriptor ") || !strings.Contains(f.Remedy, "write /dev/stdout, /dev/stderr or") {
					t.Errorf("%s: %v", dialect, f)
				}
			}
		}
	}
}

func TestPrefixesOutput(t *testing.T) {
	for value, want := range map[string][3]bool{"": {false, true, true}, "auto": {false, true, true}, "name": {true, true, true}, "none": {false, false, false}} {
		keys := ""
		if value != "" {
			keys = "log_prefix = " + value + "\n"
		}
		p, err := planIn(t, "ours", "", keys)
		if err != nil {
			t.Fatal(err)
		}
		for i, workers := range []int{1, 2, 1000} {
			if got := p.Workers[0].PrefixesOutput(workers); got != want[i] {
				t.Errorf("log_prefix = %s, %d workers: %v", value, workers, got)
			}
		}
	}
	if _, err := planIn(t, "ours", "", "log_prefix = nam\n"); err == nil || !strings.Contains(err.Error(), `did you mean "name"?`) {
		t.Errorf("%v", err)
	}
}

// The default of log_parse depends on the contract.
func TestLogParse(t *testing.T) {
	for keys, want := range map[string]string{
		"command = x\n":                 loglevel.Auto,
		"exec = x\n":                    loglevel.Auto,
		"command = x\ncontract = off\n": loglevel.None,
		"command = x\ncontract = off\nlog_parse = auto\n":  loglevel.Auto,
		"command = x\ncontract = off\nlog_parse = json\n":  loglevel.JSON,
		"command = x\nlog_parse = none\n":                  loglevel.None,
		"command = x\nlog_parse = logfmt\n":                loglevel.Logfmt,
		"command = x\ncontract = off\nlog_parse = console": loglevel.Console,
	} {
		if s := mustSpec(t, mustMake(t, "[worker:a]\n"+keys), "a"); s.LogParse != want {
			t.Errorf("%q: %s, want %s", keys, s.LogParse, want)
		}
	}
	p, err := planIn(t, "supervisord", "", "")
	if err != nil || p.Workers[0].LogParse != loglevel.None || p.Workers[0].LogPrefix != PrefixAuto {
		t.Errorf("%+v, %v", p, err)
	}
}

// An imported file keeps the outputs.
func TestImportOwnOutput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "supervisord.conf")
	text := "[supervisord]\nlogfile = /dev/stdout\n[program:a]\ncommand = x\nstdout_logfile = /dev/fd/2\nstderr_logfile = /proc/self/fd/1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ini, _, err := ImportSupervisord(path, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	p := mustMake(t, string(ini))
	s := mustSpec(t, p, "a")
	if s.OwnOutputOf("stdout") != "stderr" || s.OwnOutputOf("stderr") != "stdout" || p.Settings.LogFile != StdoutPath {
		t.Errorf("%s", ini)
	}
}
