//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func startWith(t *testing.T, args []string, stdin string, env map[string]string) (startConfig, error) {
	t.Helper()
	o := Options{Args: args, Getenv: func(k string) string { return env[k] }}
	if stdin != "" {
		o.Stdin = strings.NewReader(stdin)
	}
	return readStartConfig(t.Context(), o.withDefaults())
}

func TestStartByHandUsesDefaults(t *testing.T) {
	g, err := startWith(t, nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.guid) != 32 || g.token == "" || g.incarnation != 1 || g.addr != "127.0.0.1" || g.port != 7236 ||
		g.channel != 0 || g.connect != "open" || g.slots != 1 || g.heartbeatSpan != 3*time.Second ||
		g.heartbeatTolerance != 15*time.Second || g.keep || g.orphanGrace != 10*time.Minute {
		t.Errorf("%+v", g)
	}
}

func TestStartReadsTheINI(t *testing.T) {
	g, err := startWith(t, nil, `[DEFAULT]
listen_addr = 127.0.0.2
shared = s
[a1b2]
listen_port = 5000
token = t
channel = -7
incarnation = 3
heartbeat_span = 2.5
heartbeat_tolerance = 1min 30s
slots = 8
connect = open
on_initiator_exit = keep
orphan_grace = 2h
greeting = ${shared} $$
`, map[string]string{"INITIATOR_GUID": "a1b2", "INITIATOR_PORT": "1"})
	if err != nil {
		t.Fatal(err)
	}
	greeting, _ := g.setting("greeting")
	_, none := g.setting("nothing")
	if g.guid != "a1b2" || g.token != "t" || g.incarnation != 3 || g.addr != "127.0.0.2" || g.port != 5000 ||
		g.channel != -7 || g.connect != "open" || g.slots != 8 || g.heartbeatSpan != 2500*time.Millisecond ||
		g.heartbeatTolerance != 90*time.Second || !g.keep || g.orphanGrace != 2*time.Hour || greeting != "s $" || none {
		t.Errorf("%+v, greeting %q", g, greeting)
	}
}

func TestStartPrecedence(t *testing.T) {
	t.Parallel()
	const ini = "[a1b2]\nlisten_port = 3\n"
	launched := map[string]string{"INITIATOR_GUID": "a1b2", "INITIATOR_PORT": "4", "PORT": "5", "INITIATOR_INCARNATION": "6"}
	tests := []struct {
		name  string
		args  []string
		stdin string
		env   map[string]string
		guid  string
		port  int
	}{
		{"argv first", []string{"--guid", "a1b2", "--port", "2"}, ini, launched, "a1b2", 2},
		{"with =", []string{"--guid=a1b2", "--port=2"}, ini, launched, "a1b2", 2},
		{"with one dash, among others", []string{"-v", "serve", "-port", "2", "--x=y"}, ini, launched, "a1b2", 2},
		{"any free one", []string{"--port", "0"}, ini, launched, "a1b2", 0},
		{"then the INI", nil, ini, launched, "a1b2", 3},
		{"then the environment", nil, "", launched, "a1b2", 4},
		{"the older name of it", nil, "", map[string]string{"PORT": "5"}, "", 5},
		{"a guid from the only section", nil, ini, nil, "a1b2", 3},
		{"a guid that argv gives, without its section", []string{"--guid", "other"}, "[DEFAULT]\nlisten_port = 9\n" + ini, nil, "other", 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := startWith(t, tt.args, tt.stdin, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if g.port != tt.port || tt.guid != "" && g.guid != tt.guid {
				t.Errorf("guid %s, port %d", g.guid, g.port)
			}
			if launched := tt.env["INITIATOR_GUID"] != ""; (g.connect == "token") != launched {
				t.Errorf("connect = %s", g.connect)
			}
		})
	}
}

func TestStartReportsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := startWith(t, nil, "[a]\nslots = 0\nchannel = x\nconnect = y\nheartbeat_span = 3 fortnights\nlisten_port = 70000\n", nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{
		"channel = x: use a whole number", `"3 fortnights" is not a duration`, "slots = 0: use 1 or more",
		"connect = y: use token or open", "port 70000: use 1 to 65535",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in:\n%v", part, err)
		}
	}
	for _, args := range [][]string{{"--port"}, {"--guid"}, {"--port", "x"}, {"--port=70000"}, {"--port=-1"}} {
		if _, err := startWith(t, args, "", nil); err == nil || !strings.Contains(err.Error(), "read the arguments") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// TestSilentStdinIsAnErrorOnlyWhenLaunched by an initiator.
func TestSilentStdinIsAnErrorOnlyWhenLaunched(t *testing.T) {
	for _, launched := range []bool{true, false} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		defer r.Close()
		cfg, err := readStdin(t.Context(), r, launched, time.Millisecond)
		if cfg != nil || (err != nil) != launched {
			t.Errorf("launched %v: %v", launched, err)
		}
	}
	if cfg, err := readStdin(t.Context(), &bytes.Buffer{}, true, time.Minute); err != nil || cfg == nil {
		t.Errorf("an empty document: %v", err)
	}
}

func TestInvalidHandlersAreUsageErrors(t *testing.T) {
	t.Parallel()
	f := func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, nil }
	for _, handlers := range [][]Handler{nil, {HandleRaw("", f)}, {{}}, {HandleRaw("a", f), HandleRaw("a", f)}} {
		err := Run(t.Context(), Options{Handlers: handlers})
		if ExitCode(err) != ExitUsage {
			t.Errorf("%d handlers: %v", len(handlers), err)
		}
	}
}

func TestDefaultMethod(t *testing.T) {
	t.Parallel()
	named := func(names ...string) []Handler {
		var list []Handler
		for _, n := range names {
			list = append(list, HandleRaw(n, func(context.Context, json.RawMessage) (json.RawMessage, error) {
				return json.RawMessage(`"` + n + `"`), nil
			}))
		}
		return list
	}
	tests := []struct {
		handlers []Handler
		method   string
		want     string // "" = no error
	}{
		{named("a"), "", "a"},
		{named("a"), "a", "a"},
		{named("a", "default"), "", "default"},
		{named("a", "b"), "b", "b"},
		{named("a", "b"), "", ""},
		{named("a"), "b", ""},
	}
	for _, tt := range tests {
		m, err := newMethodTable(tt.handlers)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.findHandler(tt.method).run(t.Context(), nil)
		if strings.Trim(string(got), `"`) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%v, method %q: %s %v", m.names, tt.method, got, err)
		}
	}
}

func TestSettingAndProgressOutsideTaskDoNothing(t *testing.T) {
	t.Parallel()
	if v, ok := Setting(t.Context(), "x"); ok || v != "" {
		t.Error(v)
	}
	Progress(t.Context(), 1)
	if _, ok := TaskFromContext(t.Context()); ok {
		t.Error("a task")
	}
}

func TestSettingInsideTask(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{
		Stdin: strings.NewReader("[a1b2]\ngreeting = hello\ntoken = own-token\n"),
		Handlers: []Handler{Handle("greet", func(ctx context.Context, _ any) (string, error) {
			greeting, ok := Setting(ctx, "Greeting")
			if !ok {
				return "", errors.New("no greeting")
			}
			return greeting, nil
		})},
	})
	p.connect(m)
	p.give(m, "1", "greet", "null")
	m.wantResult(t, `1 complete "hello"`)
}

func FuzzParseFDs(f *testing.F) {
	f.Add("3:1:2,4:3:4")
	f.Fuzz(func(t *testing.T, s string) {
		for fd := range parseFDs(s) {
			if fd != fdListener && fd != fdStream {
				t.Errorf("%q announces %d", s, fd)
			}
		}
	})
}

// TestListeningBeyondLoopbackNeedsInsecure only in a worker that was started
// by hand: an initiator has checked the address of a launched worker.
func TestListeningBeyondLoopbackNeedsInsecure(t *testing.T) {
	t.Parallel()
	tests := []struct {
		g  startConfig
		ok bool
	}{
		{startConfig{addr: "127.0.0.1"}, true},
		{startConfig{addr: "127.9.9.9"}, true},
		{startConfig{addr: "::1"}, true},
		{startConfig{addr: "localhost"}, true},
		{startConfig{addr: "0.0.0.0"}, false},
		{startConfig{addr: "::"}, false},
		{startConfig{addr: "example.org"}, false},
		{startConfig{addr: "0.0.0.0", insecure: true}, true},
		{startConfig{addr: "0.0.0.0", launched: true}, true},
	}
	for _, tt := range tests {
		if err := checkExposed(tt.g); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.g, err)
		}
	}
	err := Run(t.Context(), Options{Handlers: testHandlers(), ListenAddr: "0.0.0.0", Port: -1, Getenv: func(string) string { return "" }})
	if ExitCode(err) != ExitUsage || !strings.Contains(err.Error(), "set insecure = true") {
		t.Error(err)
	}
}

// FuzzReadArgs: whatever arguments a program has, the guid and the port are
// those of an argument, and a port is one that exists.
func FuzzReadArgs(f *testing.F) {
	f.Add("--guid\na1b2\n--port\n0")
	f.Add("-port=70000")
	f.Add("--guid=\n--\n--port")
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, "\n")
		a, err := readArgs(args)
		switch {
		case err == nil && a.port != nil && (*a.port < 0 || *a.port > 65535):
			t.Errorf("%q: port %d", args, *a.port)
		case err == nil && a.guid != "" && !strings.Contains(text, a.guid):
			t.Errorf("%q: guid %q", args, a.guid)
		}
	})
}
