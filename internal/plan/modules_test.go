package plan

import (
	"slices"
	"strings"
	"testing"

	"initiator/proactor"
)

// turberfieldINI is in the shape of turberfield's own files: settings of the
// initiator in a section named by its guid, which refers to that of its module;
// a module to be launched; a worker with a guid that is known in advance.
const turberfieldINI = `[DEFAULT]
host_port = 8080
hash = #

[turberfield.demo.initiator]
listen_addr = 0.0.0.0
child_port_min = 49152
child_port_max = 65536

[turberfield.demo.processor]
interpreter = python3.11
greeting = hello ${name}
name = world
valueless

[8d740c16d9b8419aa7417f7da6deb039]
listen_addr = 127.0.0.1
child_port_min = 50000
child_port_max = ${turberfield.demo.initiator:child_port_max}
listen_port = 8080
their_own = 1

[0123456789abcdef0123456789abcdef]
name = you
greeting = good ${turberfield.demo.processor:greeting}

[worker:named]
module = turberfield.demo.processor
protocol = none
slots = 3
[worker:plain]
module = single
[single]
answer = 42
[config:plain]
answer = 43
`

const initiatorGUID = "8d740c16d9b8419aa7417f7da6deb039"

func makeAs(t *testing.T, text, guid string, port int) (*Plan, error) {
	t.Helper()
	cfg, err := proactor.ParseConfig("t.cfg", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return MakePlan(cfg, "/etc/x/t.cfg", Env{Self: "/bin/self", GUID: guid, Port: port})
}

func TestTheInitiatorsOwnSection(t *testing.T) {
	for port, want := range map[int]int{0: 8080, 9999: 9999} {
		p, err := makeAs(t, turberfieldINI, initiatorGUID, port)
		if err != nil {
			t.Fatal(err)
		}
		s := p.Settings
		if s.ListenAddr != "127.0.0.1" || s.ListenPort != want || s.ChildPortMin != 50000 || s.ChildPortMax != 65535 {
			t.Errorf("%+v", s)
		}
	}
	p, err := makeAs(t, "[initiator]\nlisten_port = 1\nchild_port_min = 2000\n[g]\nlisten_port = 3\n", "g", 0)
	if err != nil || p.Settings.ListenPort != 3 || p.Settings.ChildPortMin != 2000 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := makeAs(t, turberfieldINI, "nobody", 0); err == nil || !strings.Contains(err.Error(), "there is no section [nobody], which --guid names") {
		t.Error(err)
	}
	if _, err := makeAs(t, "[g]\nlisten_port = many\n", "g", 0); err == nil || !strings.Contains(err.Error(), "t.cfg:2") {
		t.Error(err)
	}
}

func TestSectionsOfModulesAreDefinitions(t *testing.T) {
	p, err := makeAs(t, strings.Replace(turberfieldINI, "[worker:named]\nmodule = turberfield.demo.processor", "[worker:named]\nmodule = other.one", 1), initiatorGUID, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range p.Workers {
		names = append(names, s.Name)
	}
	if want := []string{"named", "plain", "turberfield.demo.initiator", "turberfield.demo.processor"}; !slices.Equal(names, want) {
		t.Errorf("definitions %q", names)
	}
	s, ok := p.FindSpecOrModule("turberfield.demo.processor")
	if !ok || s.Module != s.Name || s.Replicas != 0 || s.Protocol != "none" || s.Ready.Kind != "alive" ||
		!slices.Equal(s.Interpreter, []string{"python3.11"}) || s.ListenAddr != "127.0.0.1" || !s.Contract {
		t.Errorf("%+v", s)
	}
	if p.Workers[2].Line != 5 {
		t.Errorf("line %d", p.Workers[2].Line)
	}
}

func TestAModuleThatAWorkerRunsIsFoundByBothNames(t *testing.T) {
	p, err := makeAs(t, turberfieldINI, initiatorGUID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"named", "turberfield.demo.processor"} {
		if s, ok := p.FindSpecOrModule(name); !ok || s.Name != "named" || s.Slots != 3 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if _, ok := p.FindSpecOrModule("none"); ok {
		t.Error("there is none")
	}
}

// TestEntriesAreLaidOver: what a worker sees, in the order of precedence, and
// that its stdin shows the same.
func TestEntriesAreLaidOver(t *testing.T) {
	p, err := makeAs(t, turberfieldINI, initiatorGUID, 0)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		spec, guid string
		want       map[string]string
	}{
		{"named", "g", map[string]string{"greeting": "hello world", "slots": "3", "host_port": "8080", "hash": "#", "token": "secret"}},
		{"named", "0123456789abcdef0123456789abcdef", map[string]string{"greeting": "good hello world", "name": "you", "listen_port": "4711"}},
		{"plain", "g", map[string]string{"answer": "43", "parent_addr": "127.0.0.1", "parent_port": "8080"}},
	}
	for _, tt := range tests {
		s, _ := p.FindSpec(tt.spec)
		w := WorkerIdentity{GUID: tt.guid, Port: 4711, Token: "secret", Incarnation: 1, ParentAddr: "127.0.0.1", ParentPort: 8080}
		cfg, err := proactor.ParseConfig("stdin", WorkerStdin(p, s, w))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]string{}
		for _, e := range p.WorkerEntries(s, w) {
			seen[e.Key] = e.Value
		}
		for key, want := range tt.want {
			read, _, err := cfg.Get(tt.guid, key)
			if err != nil || read != want || seen[key] != want {
				t.Errorf("%s %s: %s = %q on stdin, %q as an entry, want %q (%v)", tt.spec, tt.guid, key, read, seen[key], want, err)
			}
		}
	}
}
