package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"initiator/internal/testlength"
)

// tree writes files below a fresh directory and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadReadsTheQuickstart(t *testing.T) {
	p, err := Load("../../testdata/quickstart.ini", testEnv)
	if err != nil {
		t.Fatal(err)
	}
	s := mustSpec(t, p, "adder")
	if !slices.Equal(s.Command, []string{"/opt/initiator", "job", "sum"}) || s.Replicas != 4 || s.Slots != 8 || s.Socket != "inherit" {
		t.Errorf("got %+v", s)
	}
	if len(p.Warnings) > 0 {
		t.Errorf("warnings: %q", p.Warnings)
	}
}

func TestIncludesAreRelativeToTheirFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"main.ini":       "[DEFAULT]\nslots = 2\n[include]\nfiles = conf.d/*.ini conf.d/a.ini\n[worker:m]\ncommand = x ${shared:word}\n",
		"conf.d/a.ini":   "[include]\nfiles = ../more.ini\n[worker:a]\ncommand = a\ndirectory = d\n",
		"conf.d/b.ini":   "[worker:b]\ncommand = b\nafter = a\n",
		"conf.d/x.other": "not read",
		"more.ini":       "[shared]\nword = hello\n",
	})
	p, err := Load(filepath.Join(dir, "main.ini"), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range p.Workers {
		names = append(names, s.Name)
		if s.Slots != 2 {
			t.Errorf("%s does not inherit from the first file", s.Name)
		}
	}
	if !slices.Equal(names, []string{"m", "a", "b"}) {
		t.Errorf("workers %q: first the file's own, then the includes in their order", names)
	}
	if s := mustSpec(t, p, "m"); s.Command[1] != "hello" {
		t.Errorf("references do not reach across files: %q", s.Command)
	}
	if s := mustSpec(t, p, "a"); s.Directory != filepath.Join(dir, "d") || s.File != filepath.Join(dir, "conf.d/a.ini") || s.Line != 3 {
		t.Errorf("a: directory %s, %s:%d", s.Directory, s.File, s.Line)
	}
}

func TestFaultsOfIncludes(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"loop", map[string]string{
			"main.ini": "[include]\nfiles = a.ini\n",
			"a.ini":    "[include]\nfiles = b.ini\n",
			"b.ini":    "[include]\nfiles = a.ini\n",
		}, "b.ini:2: include, files: the files include each other: a.ini → b.ini → a.ini; remove one of these includes"},
		{"itself", map[string]string{
			"main.ini": "[include]\nfiles = *.ini\n",
		}, "main.ini:2: include, files: the files include each other: main.ini → main.ini; remove one of these includes"},
		{"missing", map[string]string{
			"main.ini": "[include]\nfiles = gone.ini\n",
		}, `main.ini:2: include, files: there is no file "gone.ini"; create it, or remove it here; paths are relative to this file`},
		{"bad pattern", map[string]string{
			"main.ini": "[include]\nfiles = [a\n",
		}, `main.ini:2: include, files: "[a" is not a valid pattern; close its bracket, or put a backslash before it`},
		{"a directory", map[string]string{
			"main.ini": "[include]\nfiles = sub\n", "sub/x.ini": "",
		}, "main.ini:2: include, files: read configuration: sub is a directory; name the file in it; make it a readable file"},
		{"no files", map[string]string{
			"main.ini": "[include]\n",
		}, "main.ini:1: include: the key files is missing; write files = conf.d/*.ini"},
		{"section in two files", map[string]string{
			"main.ini": "[include]\nfiles = a.ini\n[worker:a]\ncommand = x\n",
			"a.ini":    "[DEFAULT]\n[worker:a]\ncommand = y\n",
		}, "a.ini:2: worker:a: the section is already in main.ini, line 3; move these keys there, or rename one of the two"},
		{"faults of all files at once", map[string]string{
			"main.ini": "[include]\nfile = a.ini\nfiles = a.ini b.ini\n[worker:m]\ncommand = x\nslots = no\n",
			"a.ini":    "[worker:a]\ncolour = red\n= 1\n",
			"b.ini":    "x\n",
		}, `a.ini:2: worker:a, colour: there is no such key; put keys of your own into [config:NAME]
a.ini:3: worker:a: there is no key before the "="; write it as: key = value
b.ini:1: a key stands before the first section header; put a header such as [initiator] above it
main.ini:2: include, file: there is no such key; did you mean "files"?
main.ini:6: worker:m, slots: "no" is not a whole number; write one from 1 to 100000`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, test.files)
			_, err := Load(filepath.Join(dir, "main.ini"), testEnv)
			if err == nil {
				t.Fatal("no fault")
			}
			if got := strings.ReplaceAll(err.Error(), dir+"/", ""); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAnEmptyFolderIsOnlyAWarning(t *testing.T) {
	dir := tree(t, map[string]string{"main.ini": "[include]\nfiles = conf.d/*.ini\n[worker:a]\ncommand = x\n"})
	p, err := Load(filepath.Join(dir, "main.ini"), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{dir + `/main.ini:2: include, files: no file matches "conf.d/*.ini"`}
	if !slices.Equal(p.Warnings, want) {
		t.Errorf("got %q, want %q", p.Warnings, want)
	}
}

func TestLoadSaysWhichFileItCannotRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "gone.ini"), testEnv); !os.IsNotExist(unwrap(err)) || !strings.HasPrefix(err.Error(), "read configuration: ") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(dir, testEnv); err == nil || !strings.Contains(err.Error(), "is a directory; name the file in it") {
		t.Errorf("got %v", err)
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return err
}

// TestEnvFile: the file is read as Docker Compose reads it, and the key
// environment comes after it and is known in it.
func TestEnvFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"main.ini": "[worker:a]\ncommand = x\nenv_file = env\nenvironment = B=3,HOST=db\n",
		"env":      "# comment\n\nexport A=1 # one\nB=\"2\n#two\"\nURL=http://$HOST/${NAME}?p=$$1\nlog.level='$A'\nNAME\nGONE\n",
	})
	env := Env{Lookup: func(name string) (string, bool) { return "n", name == "NAME" }}
	p, err := Load(filepath.Join(dir, "main.ini"), env)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		entry("A", "1"), entry("B", "2\n#two"), entry("URL", "http://db/n?p=$1"), entry("log.level", "$A"), entry("NAME", "n"),
		entry("B", "3"), entry("HOST", "db"),
	}
	if got := mustSpec(t, p, "a").Environment; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if len(p.Warnings) != 0 {
		t.Errorf("%q", p.Warnings)
	}
}

// TestFaultsOfEnvFile: all are reported at once, with their lines and without
// values, which may be secrets.
func TestFaultsOfEnvFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"main.ini": "[worker:a]\ncommand = x\nenv_file = env\n[worker:b]\ncommand = x\nenv_file = gone\n[worker:c]\ncommand = x\nenvironment = LISTEN_ADDR=:1,LISTEN_FDS=1\n",
		"env":      "A=1\nsecret value\nB=${A\nINITIATOR_GUID=1\nNOTIFY_SOCKET=1\n",
	})
	_, err := Load(filepath.Join(dir, "main.ini"), testEnv)
	want := `main.ini:3: worker:a, env_file: env:2: there is a space in the name; write NAME=value, and a value of several lines in quotation marks
main.ini:3: worker:a, env_file: env:3: a ${ is not closed in its line, or has {{ or {} in it; add a }, or write $$ for a dollar sign
main.ini:3: worker:a, env_file: env:4: INITIATOR_GUID is set by the initiator itself; choose a name that does not begin with INITIATOR_
main.ini:3: worker:a, env_file: env:5: NOTIFY_SOCKET is set by the initiator itself, where it has a meaning; choose another name
main.ini:6: worker:b, env_file: open gone: no such file or directory; create the file, or remove the key
main.ini:9: worker:c, environment: LISTEN_FDS is set by the initiator itself, where it has a meaning; choose another name`
	if err == nil || strings.ReplaceAll(err.Error(), dir+"/", "") != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestWarningsOfEnvFile: a variable that is not set is empty, which is said once
// for all workers that use the file.
func TestWarningsOfEnvFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"main.ini": "[DEFAULT]\nenv_file = env\n[worker:a]\ncommand = x\n[worker:b]\ncommand = x\n",
		"env":      "A=1\nPASSWORD=s3$cret\n",
	})
	p, err := Load(filepath.Join(dir, "main.ini"), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"env:2: a $ has a name after it that no variable has, and both are left out; set the variable, or write $$ for a dollar sign"}
	for i, w := range p.Warnings {
		p.Warnings[i] = strings.ReplaceAll(w, dir+"/", "")
	}
	if !slices.Equal(p.Warnings, want) {
		t.Errorf("got  %q\nwant %q", p.Warnings, want)
	}
}

// A worker may be given a great many keys of its own: ten megabytes at full
// length.
func TestLargeConfigIsLoaded(t *testing.T) {
	var b strings.Builder
	b.WriteString("[DEFAULT]\nall = 1\n[worker:a]\ncommand = x\n[config:a]\n")
	keys := testlength.Count(30_000, 300_000)
	for i := range keys {
		fmt.Fprintf(&b, "key%d = value of key %d\n", i, i)
	}
	dir := tree(t, map[string]string{"main.ini": b.String()})
	p, err := Load(filepath.Join(dir, "main.ini"), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(mustSpec(t, p, "a").Config); n != keys+1 {
		t.Errorf("%d entries", n)
	}
	if doc := WorkerStdin(p, &p.Workers[0], WorkerIdentity{GUID: "g"}); len(doc) < 28*keys {
		t.Errorf("the worker is given %d bytes", len(doc))
	}
	if c := DiffPlans(p, p); c[0].HasEffect() {
		t.Errorf("%+v", c)
	}
}
