package plan

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var places = Placeholders{Name: "web", GUID: "G", Index: 3, Port: 7}

func TestFillText(t *testing.T) {
	for _, c := range []struct {
		text, want     string
		port, identity bool
	}{
		{text: "prog -x", want: "prog -x"},
		{"--listen=:{port}", "--listen=:7", true, true},
		{"{guid} {port}{port}", "G 77", true, true},
		{"{guid}", "G", false, true},
		{text: "{name}-{index}", want: "web-3"},
		{text: "p${port}${guid}${name}", want: "p${port}${guid}${name}"},
		{"${port}{port}", "${port}7", true, true},
		{text: "{PORT} { port } {port", want: "{PORT} { port } {port"},
		{text: "{{port} {{{{.Names}} {{", want: "{port} {{.Names}} {"},
		{"{{{port}}", "{7}", true, true},
		{text: `{"a": {"b": 1}}`, want: `{"a": {"b": 1}}`},
	} {
		s := &Spec{Command: strings.Fields(c.text)}
		if got := s.FillText(c.text, places); got != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
		if got := s.NamesPort(); got != c.port {
			t.Errorf("%s names a port: %v", c.text, got)
		}
		if got := s.NamesIdentity(s.Command); got != c.identity {
			t.Errorf("%s names the identity: %v", c.text, got)
		}
		foreign := &Spec{Command: s.Command, FromSupervisord: true}
		if got := foreign.FillText(c.text, places); got != c.text || foreign.NamesPort() {
			t.Errorf("%s of a supervisord.conf: %q, names a port: %v", c.text, got, foreign.NamesPort())
		}
	}
}

// TestNamesPort: a program without the contract gets a port when any text of its
// definition names the port, but env_file means what it means to Docker Compose.
func TestNamesPort(t *testing.T) {
	port := []string{"x", "{port}"}
	own, file := &Spec{Environment: []Entry{entry("A", "{port}")}}, &Spec{Environment: []Entry{entry("A", "{port}")}, FileVariables: 1}
	for name, s := range map[string]*Spec{
		"before_start": {BeforeStart: port}, "stop_command": {StopCommand: port},
		"probe": {Probe: Probe{ProbeCheck: ProbeCheck{Command: port}}}, "environment": own,
	} {
		if !s.TakesPort() {
			t.Errorf("with {port} in %s there is no port", name)
		}
	}
	if file.TakesPort() || file.FillEnvironment(places)[0].Value != "{port}" || own.FillEnvironment(places)[0].Value != "7" {
		t.Errorf("env_file: %v, environment: %v", file.FillEnvironment(places), own.FillEnvironment(places))
	}
}

// TestEscapedBraces: what import writes is read back as the same text.
func TestEscapedBraces(t *testing.T) {
	piece := rapid.SampledFrom([]string{"{", "{{", "}", "$", "{port}", "{name}", "guid}", "{x}", " a"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), "")
		if got := (&Spec{}).FillText(escapeBraces(text), places); got != text {
			t.Fatalf("%q is escaped as %q, and read as %q", text, escapeBraces(text), got)
		}
	})
}

// TestWarningsOfBraces: {{ is a single brace, and check says so where the text
// looks as if it should have two braces.
func TestWarningsOfBraces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "main.ini")
	text := "[worker:a]\ncommand = ps --format {{.Names}}\nbefore_start = x {{{{.Names}} {{port} {{{port}}\nenvironment = A={{x}}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(path, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		path + ":2: worker:a, command: {{ stands for one brace; write {{{{ where the program shall get two",
		path + ":4: worker:a, environment: {{ stands for one brace; write {{{{ where the program shall get two",
	}
	if !slices.Equal(p.Warnings, want) {
		t.Errorf("got  %q\nwant %q", p.Warnings, want)
	}
}

// TestSharesPort: replicas share a fixed port when each inherits the socket and no
// connection is meant for a certain worker.
func TestSharesPort(t *testing.T) {
	shared := Spec{Port: 8000, Socket: "inherit", Protocol: "none", Ready: Ready{Kind: "notify"}}
	for name, c := range map[string]struct {
		change func(*Spec)
		want   bool
	}{
		"off the contract":  {func(*Spec) {}, true},
		"with the contract": {func(s *Spec) { s.Contract = true }, true},
		"webhooks":          {func(s *Spec) { s.Contract, s.Protocol = true, "webhook" }, false},
		"port = auto":       {func(s *Spec) { s.Port = 0 }, false},
		"socket = bind":     {func(s *Spec) { s.Socket = "bind" }, false},
		"ready = http":      {func(s *Spec) { s.Ready.Kind = "http" }, false},
		"ready = line":      {func(s *Spec) { s.Ready.Kind = "line" }, true},
		"probe = tcp":       {func(s *Spec) { s.Probe.Kind = "tcp" }, false},
		"probe = exec":      {func(s *Spec) { s.Probe.Kind = "exec" }, true},
	} {
		s := shared
		if c.change(&s); s.SharesPort() != c.want {
			t.Errorf("%s: %t", name, !c.want)
		}
		if want := map[bool]string{true: "inherit", false: "bind"}[s.Socket == "inherit"]; s.PortMode() != want || !s.TakesPort() {
			t.Errorf("%s: mode %s, takes a port: %t", name, s.PortMode(), s.TakesPort())
		}
	}
}
