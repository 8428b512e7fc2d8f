package plan

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// supervised loads a document as a file of supervisord's.
func supervised(t *testing.T, doc string) *Plan {
	t.Helper()
	path := filepath.Join(t.TempDir(), "supervisord.conf")
	if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(path, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhichDialect(t *testing.T) {
	for doc, theirs := range map[string]bool{
		"[supervisord]\n[program:a]\ncommand = a\n":                                            true,
		"[supervisord]\n[unix_http_server]\nfile = /tmp/s\n[include]\nfiles = none.d/*.conf\n": true,
		"[worker:a]\ncommand = a\n":                                                            false,
		"[initiator]\n[include]\nfiles = none.d/*.ini\n":                                       false,
		"[group:a]\nprograms = b\n[worker:b]\ncommand = b\n":                                   false,
	} {
		p := supervised(t, doc)
		if got := p.Settings.StateDir == filepath.Join(p.Dir, ".initiator") && !strings.Contains(strings.Join(p.Warnings, " "), "[worker:NAME]"); !got && theirs {
			t.Errorf("%q was not read as supervisord's: %v", doc, p.Warnings)
		}
		if s, ok := p.FindSpec("a"); ok && s.Contract == theirs {
			t.Errorf("%q: contract = %v", doc, s.Contract)
		}
	}
}

// A program of which nothing is said keeps supervisord's defaults.
func TestSupervisordDefaults(t *testing.T) {
	p := supervised(t, "[supervisord]\n[program:cat]\ncommand = /bin/cat -u\n")
	s, ok := p.FindSpec("cat")
	if !ok {
		t.Fatal(p.Workers)
	}
	want := Restart{
		Assumed: AssumedRules{Auto: "autorestart is unexpected by default", Retries: "startretries is 3 by default"},
		Auto:    "unexpected", ExitCodes: []int{0}, Delay: time.Second, Factor: 2, Retries: 4,
		Reset: time.Millisecond, OnFatal: "ignore", RetryEarly: true,
	}
	if !reflect.DeepEqual(s.Restart, want) {
		t.Errorf("law %+v, want %+v", s.Restart, want)
	}
	if files := (LogFiles{Mode: 0o644, UnderUmask: true}); s.LogFiles != files || p.Settings.LogFiles != files {
		t.Errorf("logs %+v and %+v, want %+v", s.LogFiles, p.Settings.LogFiles, files)
	}
	if s.StopAsGroup != GroupFalse || !s.FromSupervisord {
		t.Errorf("a stop reaches the group: %q; from supervisord: %t", s.StopAsGroup, s.FromSupervisord)
	}
	if s.Contract || s.Protocol != "none" || s.Ready.Kind != "alive" || s.StartSecs != time.Second || s.Priority != 999 || !s.Autostart || s.StopWait != 10*time.Second {
		t.Errorf("%+v", s)
	}
	if !s.Stdout.Raw || s.Stdout.MaxBytes != 50<<20 || s.Stdout.Backups != 10 || !strings.HasSuffix(s.Stdout.Path, ".initiator/logs/{name}.{index}.stdout.log") {
		t.Errorf("log %+v", s.Stdout)
	}
	if cwd, _ := os.Getwd(); s.Directory != cwd {
		t.Errorf("it runs in %s, and supervisord would run it in %s", s.Directory, cwd)
	}
}

func TestSupervisordNamesAndOrder(t *testing.T) {
	p := supervised(t, `[supervisord]
environment = SHARED="1"
[program:web]
command = web %(process_num)d
numprocs = 2
process_name = %(program_name)s_%(process_num)02d
priority = 20
[program:first]
command = first
[program:second]
command = second
[group:pair]
programs = second, first
priority = 5
`)
	var names []string
	for _, s := range p.Workers {
		names = append(names, s.Name)
	}
	want := []string{"pair:second", "pair:first", "web:web_00", "web:web_01"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	s := p.Workers[3]
	if s.GroupPriority != 20 || p.Workers[0].GroupPriority != 5 || s.Group != "web" || !reflect.DeepEqual(s.Command, []string{"web", "1"}) {
		t.Errorf("%+v", s)
	}
	env := map[string]string{}
	for _, e := range s.Environment {
		env[e.Key] = e.Value
	}
	if env["SUPERVISOR_PROCESS_NAME"] != "web_01" || env["SUPERVISOR_GROUP_NAME"] != "web" || env["SHARED"] != "1" {
		t.Errorf("environment %v", env)
	}
}

func TestSupervisordOddities(t *testing.T) {
	p := supervised(t, `[supervisord]
umask = 077
directory = /
minfds = 4096
childlogdir = /tmp
[program:a]
command = sh -c "oops
stdout_logfile = /dev/stdout
stderr_logfile = relative.log
exitcodes =
startsecs = 100
stopsignal = 64
[program:b]
command = b
umask = 022
directory = srv
redirect_stderr = true
startretries = 0
[program:c]
command = c
[program:x]
command = x
[group:c]
programs = x
`)
	a, _ := p.FindSpec("a")
	if a.Limits.Umask != 0o077 || a.Directory != "/" || a.Limits.NoFile != 4096 || a.Stdout.Path != "-" || a.Stderr.Path != "/relative.log" {
		t.Errorf("a: %+v", a)
	}
	if a.Restart.Auto != "true" || a.StartTimeout <= a.StartSecs || a.StopSignal != "64" || !reflect.DeepEqual(a.Command, []string{`sh -c "oops`}) {
		t.Errorf("a: %+v", a)
	}
	b, _ := p.FindSpec("b")
	if b.Limits.Umask != 0o022 || b.Directory != "/srv" || b.Stdout.Path != "/tmp/b-stdout---supervisor.log" || b.Restart.Retries != 1 {
		t.Errorf("b: %+v", b)
	}
	warnings := strings.Join(p.Warnings, "\n")
	for _, want := range []string{":7: program:a, command:", "another group has this name"} {
		if !strings.Contains(warnings, want) {
			t.Errorf("no warning %q in\n%s", want, warnings)
		}
	}
}

func TestSupervisordFaultsHaveTheirLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "supervisord.conf")
	doc := "[supervisord]\nloglevel = loud\n[program:a]\nautostart = perhaps\ncommand = %(nope)s\n[group:g]\nprograms = aa\n"
	if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path, testEnv)
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{":2: supervisord, loglevel:", ":4: program:a, autostart:", ":5: program:a, command:", `:7: group:g, programs: there is no [program:aa]; did you mean "a"?`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault %q in\n%v", want, err)
		}
	}
}
