package plan

import (
	"reflect"
	"strings"
	"testing"
)

func TestKeysAreDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range KeyDocs() {
		at := k.Section + " " + k.Name
		if seen[at] {
			t.Errorf("%s is there twice", at)
		}
		seen[at] = true
		if k.Type == "" || k.Doc == "" || strings.HasSuffix(k.Doc, ".") || k.Name != strings.ToLower(k.Name) {
			t.Errorf("%s: %+v", at, k)
		}
	}
	for kind, names := range notYet {
		for _, name := range names {
			if seen[kind+" "+name] {
				t.Errorf("%s %s is supported and refused", kind, name)
			}
		}
	}
	for name := range foreign {
		if seen["worker "+name] || name != strings.ToLower(name) {
			t.Errorf("foreign word %s is one of ours, or not in lower case", name)
		}
	}
}

// Every field that a person can set has a key that sets it.
func TestKeysReachEveryField(t *testing.T) {
	given := []string{"Name", "File", "Line", "FromSupervisord", "FileVariables", "LogFiles.UnderUmask", "Config", "GroupPriority", "EnvironmentInherit.Withheld", "Restart.AutoAssumed", "Restart.LimitAssumed", "Restart.Assumed.Auto", "Restart.Assumed.Limit", "Restart.Assumed.Retries"} // not from keys
	spec := Spec{}
	for _, r := range workerKeys {
		if err := r.set(&spec, sampleOf(r)); err != nil {
			t.Errorf("%s = %s: %v", r.Name, sampleOf(r), err)
		}
	}
	for _, path := range zeroFields("", reflect.ValueOf(spec)) {
		found := false
		for _, g := range given {
			found = found || path == "."+g
		}
		if !found {
			t.Errorf("no key has set Spec%s", path)
		}
	}
}

// samples are values that leave no field at its zero value.
var samples = map[string]string{
	"command line": "x", "always, off or interval:TIME": "interval:1s", "tasks:N, age:TIME": "tasks:7, age:1min", "text": "x", "name": "x", "path": "x", "whole number": "7", "on or off": "on", "true or false": "true",
	"list of NAME=value": "A=1", "list of name:condition": "x", "port or auto": "80", "address": "::1", "duration": "1min",
	"list of exit codes": "2", "list of limits": "tasks:1,rss:1MB,age:1h", "fraction from 0 to 1": "0.5", "signal": "INT",
	"user or user:group": "x:y", "octal mode": "022", "octal mode from 0600": "0640", "size": "1MB", "size or unlimited": "1MB", "number of cores": "1.5",
	"count/duration": "3/1min", "number from 1 to 1000": "3",
	"http:/path, tcp, exec:COMMAND": "exec:x", "all, none or a list of names": "A",
}

func sampleOf(r row[Spec]) string {
	switch {
	case r.Name == "ready":
		return "line:x" // the path of http is looked at elsewhere
	case r.Default != "":
		if s, ok := samples[r.Type]; ok {
			return s
		}
		return r.Default
	}
	return samples[r.Type]
}

func zeroFields(path string, v reflect.Value) []string {
	if v.Kind() != reflect.Struct {
		if v.IsZero() {
			return []string{path}
		}
		return nil
	}
	var zero []string
	for i := range v.NumField() {
		name := path + "." + v.Type().Field(i).Name
		if name == ".Ready.Path" || name == ".Probe.ProbeCheck.Path" {
			continue
		}
		zero = append(zero, zeroFields(name, v.Field(i))...)
	}
	return zero
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "4096": 4096, "1B": 1, "1K": 1024, "1KB": 1024, "1kb": 1024, "50MB": 50 << 20, "1GiB": 1 << 30, "1.5 GB": 3 << 29, "2T": 2 << 40,
	} {
		if got, err := parseSize(text); got != want || err != nil {
			t.Errorf("%q = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-1", "1X", "1i", "1 iB", "1MMB", "9999999P", "1KBB", "0x1", "1.2.3", "1bb"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q = %v", text, got)
		}
	}
}

func TestSplitIsAShellsWithoutTheShell(t *testing.T) {
	for line, want := range map[string][]string{
		"":                        nil,
		" a  b\tc\nd ":            {"a", "b", "c", "d"},
		`sh -c "a; b"`:            {"sh", "-c", "a; b"},
		`'it''s' "a 'b'"`:         {"its", "a 'b'"},
		`a\ b \" \\`:              {"a b", `"`, `\`},
		`"a\"b\\c\d"`:             {`a"b\c\d`},
		`'a\b'`:                   {`a\b`},
		`"" ''`:                   {"", ""},
		`a""b`:                    {"ab"},
		`$HOME * # not a comment`: {"$HOME", "*", "#", "not", "a", "comment"},
		"é 🚀":                     {"é", "🚀"},
	} {
		if got, err := splitCommand(line); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("split(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
}

func TestOtherValues(t *testing.T) {
	for _, test := range []struct{ key, text string }{
		{"stopsignal", "TERM"}, {"stopsignal", "SIGTERM"}, {"stopsignal", "term"}, {"stopsignal", "15"},
	} {
		if got, err := parseSignal(test.text); got != "TERM" || err != nil {
			t.Errorf("%s = %s: %q, %v", test.key, test.text, got, err)
		}
	}
	got, err := parseEnvironment("A=1,B=\"x, y\",\nC='z'\nD=a=b")
	want := []Entry{entry("A", "1"), entry("B", "x, y"), entry("C", "z"), entry("D", "a=b")}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("environment = %v, %v; want %v", got, err, want)
	}
	for text, want := range map[string]Ready{
		"webhook": {Kind: "webhook"}, "line:listening on :\\d+": {Kind: "line", Pattern: "listening on :\\d+"},
		"http:/a?b=c:d": {Kind: "http", Path: "/a?b=c:d"}, "tcp": {Kind: "tcp"}, "notify": {Kind: "notify"},
	} {
		if got, err := parseReady(text); got != want || err != nil {
			t.Errorf("ready = %s: %+v, %v", text, got, err)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"10", "50MB", "1GiB", "1.5 k", "i", "9e18"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, _ := parseSize(s); n < 0 {
			t.Errorf("%q = %d", s, n)
		}
	})
}

// What is quoted for split comes out as it went in.
func FuzzSplit(f *testing.F) {
	f.Add(`sh -c "a; b"`)
	f.Add(`a\ 'b`)
	f.Fuzz(func(t *testing.T, s string) {
		splitCommand(s)
		if strings.ToValidUTF8(s, "") != s {
			t.Skip("values are UTF-8")
		}
		quoted := "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		if got, err := splitCommand("x " + quoted + " y"); err != nil || len(got) != 3 || got[1] != s {
			t.Errorf("%q came out as %q, %v", s, got, err)
		}
	})
}
