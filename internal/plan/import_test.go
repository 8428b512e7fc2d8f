package plan

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// importEnv is the environment that the files under internal/supervisord/testdata mean.
var importEnv = Env{Self: "/opt/initiator", Lookup: func(name string) (string, bool) {
	v, ok := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", "PORT": "8080", "NOTHING": "", "PERCENT": "50%",
		"SPACED": "two words", "QUOTED": `say "hi"`, "lower": "low", "SECRET": "s3cret $1",
	}[name]
	return v, ok
}}

// Every file that supervisord reads comes back from our dialect as the same
// workers.
func TestImportReadsBackTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	if err := os.CopyFS(dir, os.DirFS("../supervisord/testdata/good")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(dir + "/*.conf")
	if err != nil || len(files) < 60 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if strings.Contains(path, "debian_default") {
				if _, err := os.Stat("/var/log/supervisor"); err != nil {
					t.Skip("Debian's package supervisor is not installed, whose directories this file names")
				}
			}
			sameAfterImport(t, path)
		})
	}
}

func TestImportOfTheWholeExample(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	if err := os.CopyFS(dir, os.DirFS("../../testdata/supervisord")); err != nil {
		t.Fatal(err)
	}
	sameAfterImport(t, filepath.Join(dir, "all.conf"))
}

func sameAfterImport(t *testing.T, path string) {
	t.Helper()
	before, err := Load(path, importEnv)
	if err != nil {
		t.Fatal(err)
	}
	ini, changes, err := ImportSupervisord(path, importEnv)
	if err != nil {
		t.Fatal(err)
	}
	target := strings.TrimSuffix(path, ".conf") + ".ini"
	if err := os.WriteFile(target, ini, 0o600); err != nil {
		t.Fatal(err)
	}
	after, err := Load(target, importEnv)
	if err != nil {
		t.Fatalf("%v\n%s", err, ini)
	}
	said := strings.Join(changes, "\n")
	for _, s := range before.Workers {
		if strings.Contains(said, s.Name+" is left out:") {
			continue
		}
		other := sameProcess(after, s)
		if other == nil {
			t.Fatalf("%s is gone, and nothing says so\n%s", s.Name, ini)
		}
		if other.Name != s.Name && !strings.Contains(said, s.Name+" is called "+other.Name) {
			t.Errorf("%s is called %s, and nothing says so", s.Name, other.Name)
		}
		compareSpecs(t, s, *other, said)
	}
}

// sameProcess finds a worker by what supervisord calls it.
func sameProcess(p *Plan, s Spec) *Spec {
	for i := range p.Workers {
		if w := &p.Workers[i]; process(*w) == process(s) {
			return w
		}
	}
	return nil
}

func process(s Spec) string {
	var group, name string
	for _, e := range s.Environment {
		switch e.Key {
		case "SUPERVISOR_GROUP_NAME":
			group = e.Value
		case "SUPERVISOR_PROCESS_NAME":
			name = e.Value
		}
	}
	return group + ":" + name
}

func compareSpecs(t *testing.T, before, after Spec, said string) {
	t.Helper()
	if strings.Contains(said, ": the variable ") {
		before.Environment, after.Environment = nil, nil
	}
	name := before.Name
	for _, s := range []*Spec{&before, &after} {
		s.Command, s.Environment, s.FromSupervisord = s.FillWords(s.Command, places), s.FillEnvironment(places), false
		s.LogFiles.UnderUmask, s.Restart.Assumed = false, AssumedRules{}
		s.Name, s.File, s.Line, s.Config, s.Group = "", "", 0, nil, ""
	}
	a, b := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range a.NumField() {
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			t.Errorf("%s: %s was %+v and is %+v", name, a.Type().Field(i).Name, x, y)
		}
	}
}

const importExample = `; our server
[supervisord]           ; the daemon
loglevel = warn         ; quiet
user = root

[unix_http_server]
; where supervisorctl looks
file = /tmp/supervisor.sock

# the web
[program:web]
; the port comes from outside
command = serve --port %(ENV_PORT)s -p "$HOME"  ; not the shell's HOME
numprocs = 2
process_name = %(program_name)s_%(process_num)02d
; soon
priority = 10
environment = TOKEN="%(ENV_SECRET)s"
stdout_logfile = %(here)s/web_%(process_num)d.log

[program:helper]
command = helper --format {{.Names}} {port}
autorestart = true
[group:tools]
programs = helper
; the end
`

const imported1 = `# Imported from supervisord's example.conf.

` + head + `
; our server
; the daemon
[initiator]
; quiet
loglevel = warn

; where supervisorctl looks

# the web
[worker:web_00]
; the port comes from outside
; not the shell's HOME
command = serve --port ${env:PORT} -p "$$HOME"
; soon
priority = 10
environment = SUPERVISOR_ENABLED="1",SUPERVISOR_PROCESS_NAME="web_00",SUPERVISOR_GROUP_NAME="web",TOKEN="${env:SECRET}"
stdout_logfile = web_0.log
contract = off
DIRECTORY
stopasgroup = false
leave_descendants = exit
user = root

[worker:web_01]
command = serve --port ${env:PORT} -p "$$HOME"
contract = off
DIRECTORY
environment = SUPERVISOR_ENABLED="1",SUPERVISOR_PROCESS_NAME="web_01",SUPERVISOR_GROUP_NAME="web",TOKEN="${env:SECRET}"
priority = 10
stopasgroup = false
leave_descendants = exit
user = root
stdout_logfile = web_1.log

[group:web]
programs = web_00, web_01
priority = 10

[worker:tools.helper]
command = helper --format {{{.Names}} {{port}
autorestart = true
contract = off
DIRECTORY
environment = SUPERVISOR_ENABLED="1",SUPERVISOR_PROCESS_NAME="helper",SUPERVISOR_GROUP_NAME="tools"
stopasgroup = false
leave_descendants = exit
user = root

[group:tools]
programs = tools.helper

; the end
`

// What a person gets to read: comments in their places, references to the
// environment and no secrets, and every change of meaning.
func TestImportForPeople(t *testing.T) {
	path := filepath.Join(t.TempDir(), "example.conf")
	if err := os.WriteFile(path, []byte(importExample), 0o600); err != nil {
		t.Fatal(err)
	}
	ini, changes, err := ImportSupervisord(path, importEnv)
	if err != nil {
		t.Fatal(err)
	}
	cwd, _ := os.Getwd()
	want := strings.ReplaceAll(imported1, "DIRECTORY", "directory = "+cwd)
	if got := string(ini); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	said := strings.Join(changes, "\n")
	for _, want := range []string{
		"web:web_00 is called web_00", "tools:helper is called tools.helper", "none of its processes is left",
		"supervisord's user is written into each worker", "example.conf:8: unix_http_server, file:", "AUTO logs are files",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if strings.Contains(string(ini)+said, "s3cret") {
		t.Error("a secret of the environment has been written")
	}
	sameAfterImport(t, path)
}

func TestImportOfFaults(t *testing.T) {
	if _, _, err := ImportSupervisord(filepath.Join(t.TempDir(), "none.conf"), importEnv); err == nil {
		t.Error("no error for a file that is not there")
	}
}
