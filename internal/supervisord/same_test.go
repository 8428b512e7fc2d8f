package supervisord

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/proactor"
)

// leastFiles is how many files the comparison needs at least to mean anything.
const leastFiles = 60

// TestReadsAsSupervisordDoes: every file is read as supervisord reads it,
// process by process and setting by setting, or refused by both.
func TestReadsAsSupervisordDoes(t *testing.T) {
	files := append(conf(t, "testdata/good"), conf(t, "testdata/bad")...)
	if len(files) < leastFiles {
		t.Errorf("there are %d files, and %d are promised", len(files), leastFiles)
	}
	for _, path := range files {
		t.Run(strings.TrimPrefix(path, "testdata/"), func(t *testing.T) {
			theirs := oracle.read(t, path)
			bad := strings.Contains(path, "/bad/")
			if bad != (theirs.Refused != "") {
				t.Fatalf("the file is in the wrong folder; supervisord says %q", theirs.Refused)
			}
			compare(t, theirs, ours(path))
		})
	}
}

func conf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return files
}

func compare(t *testing.T, theirs, ours view) {
	t.Helper()
	if (theirs.Refused != "") != (ours.Refused != "") {
		t.Fatalf("supervisord: %q\nours:        %q", theirs.Refused, ours.Refused)
	}
	theirs.Refused, ours.Refused = "", ""
	if a, b := pretty(theirs), pretty(ours); a != b {
		t.Errorf("supervisord and we differ:\n%s", differ(a, b))
	}
}

func pretty(v view) string {
	text, _ := json.MarshalIndent(v, "", " ")
	return string(text)
}

// differ returns the lines that differ, with the last name above them.
func differ(a, b string) string {
	theirs, mine := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	name := ""
	for i := range max(len(theirs), len(mine)) {
		var x, y string
		if i < len(theirs) {
			x = theirs[i]
		}
		if i < len(mine) {
			y = mine[i]
		}
		if strings.Contains(x, `"name"`) {
			name = x
		}
		if x != y {
			out = append(out, name, "supervisord: "+x, "ours:        "+y)
		}
	}
	return strings.Join(out[:min(len(out), 60)], "\n")
}

// levelNumbers are the numbers of supervisord's loggers.
var levelNumbers = map[string]int{"critical": 50, "error": 40, "warn": 30, "info": 20, "debug": 10, "trace": 5, "blather": 3}

func ours(path string) view {
	f, err := parsePath(path, world())
	if err != nil {
		return view{Refused: err.Error()}
	}
	v := view{
		Environment: asMap(f.Settings.Environment), LogLevel: levelNumbers[f.Settings.LogLevel], Identifier: f.Settings.Identifier,
		Directory: f.Settings.Directory, User: ifNamed(f.Settings.User, f.Settings.UID), NoDaemon: f.Settings.NoDaemon, Groups: []groupView{},
	}
	for _, g := range f.Groups {
		one := groupView{Name: g.Name, Priority: g.Priority, Processes: []processView{}}
		for _, p := range g.Processes {
			one.Processes = append(one.Processes, ourProcess(p))
		}
		v.Groups = append(v.Groups, one)
	}
	return v
}

func ourProcess(p Process) processView {
	v := processView{
		Name: p.Name, Group: p.Group, Command: p.Command, Argv: p.Argv, Environment: asMap(p.Environment), Directory: p.Directory,
		UID: ifNamed(p.User, p.UID), Priority: p.Priority, Autostart: p.Autostart, Autorestart: p.Autorestart,
		StartSecs: p.StartSecs, StartRetries: p.StartRetries, ExitCodes: p.ExitCodes, StopSignal: p.StopSignal, StopWaitSecs: p.StopWaitSecs,
		StopAsGroup: p.StopAsGroup, KillAsGroup: p.KillAsGroup, ServerURL: p.ServerURL, RedirectStderr: p.RedirectStderr,
		Stdout: ourLog(p.Stdout), Stderr: ourLog(p.Stderr),
	}
	if p.Umask >= 0 {
		v.Umask = &p.Umask
	}
	return v
}

func ourLog(l Log) logView {
	kinds := map[LogKind]string{LogAuto: "auto", LogNone: "none", LogToFile: "file"}
	return logView{kinds[l.Kind], l.Path, l.MaxBytes, l.Backups, l.Syslog, l.Capture, l.Events}
}

func ifNamed(user string, uid int) *int {
	if user == "" {
		return nil
	}
	return &uid
}

func asMap(entries []proactor.Entry) map[string]string {
	m := map[string]string{}
	for _, e := range entries {
		m[e.Key] = e.Value
	}
	return m
}

// FuzzSameAsSupervisord searches for documents that both read differently.
func FuzzSameAsSupervisord(f *testing.F) {
	for _, dir := range []string{"good", "bad"} {
		files, _ := filepath.Glob("testdata/" + dir + "/*.conf")
		for _, path := range files {
			data, _ := os.ReadFile(path)
			f.Add(string(data))
		}
	}
	path := filepath.Join(f.TempDir(), "fuzz.conf")
	f.Fuzz(func(t *testing.T, doc string) {
		if tooFar(doc) {
			t.Skip("beyond what the two have to agree on")
		}
		if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		mine := ours(path)
		if stricter(mine.Refused) {
			return
		}
		compare(t, oracle.read(t, path), mine)
	})
}

// tooFar reports documents with parts that are only warned about and not read
// in depth, with very many processes, or with files beside them.
func tooFar(doc string) bool {
	low := strings.ToLower(doc)
	for _, word := range []string{"rpcinterface:", "eventlistener:", "fcgi-program:", "files"} {
		if strings.Contains(low, word) {
			return true
		}
	}
	return len(doc) > 4096 || strings.Contains(low, "numprocs") && strings.Contains(low, "000")
}

// stricter lists faults that are refused on purpose where supervisord goes on.
func stricter(refused string) bool {
	for _, s := range []string{"is not a reference; write %% for", "the name is empty", "is not UTF-8"} {
		if strings.Contains(refused, s) {
			return true
		}
	}
	return false
}
