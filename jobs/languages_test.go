package jobs

import (
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"initiator/internal/jobstest"
	"initiator/internal/testlength"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// TestWorkersInOtherLanguages checks the workers in Python and Node against
// the contract, as processes.
func TestWorkersInOtherLanguages(t *testing.T) {
	t.Parallel()
	for _, argv := range [][]string{{"python3", "worker.py"}, {"node", "worker.mjs"}} {
		t.Run(argv[0], func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(argv[0]); err != nil {
				t.Skipf("%s is not installed, so %s is not tested here", argv[0], argv[1])
			}
			t.Run("tasks", func(t *testing.T) { speaksTasks(t, argv) })
			t.Run("refusals", func(t *testing.T) { speaksRefusals(t, argv) })
			t.Run("shutdown", func(t *testing.T) { shutsDown(t, argv) })
			t.Run("tolerance", func(t *testing.T) { losesMaster(t, argv) })
			t.Run("SIGTERM", func(t *testing.T) { obeysSIGTERM(t, argv) })
		})
	}
}

// Each row of a table runs in one installed language, and at full length in all.
func TestEachRowRunsInALanguage(t *testing.T) {
	var mu sync.Mutex
	ran, installed := map[int]int{}, 0
	t.Run("all", func(t *testing.T) { // returns after its parallel subtests
		t.Run("rows", func(t *testing.T) {
			jobstest.Each(t, ".", self(languageWorker), func(_ *testing.T, l jobstest.Language, _ []string) {
				mu.Lock()
				defer mu.Unlock()
				installed++
				for row := range 12 {
					if l.TakesRow(row) {
						ran[row]++
					}
				}
			})
		})
	})
	for row, want := 0, testlength.Count(1, installed); row < 12; row++ {
		if ran[row] != want {
			t.Errorf("row %d ran in %d languages, want %d", row, ran[row], want)
		}
	}
}

// TestPythonVersion: the worker in Python needs no syntax that is newer than the
// version in its first comment.
func TestPythonVersion(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed, and only Python can read its older versions")
	}
	check := exec.CommandContext(t.Context(), "python3", "-c", "import ast; ast.parse(open('worker.py').read(), feature_version=(3, 7))")
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func speaksTasks(t *testing.T, argv []string) {
	t.Parallel()
	p := spawn(t, argv, "")
	e := p.connect()
	if !strings.Contains(string(e.Data), "slots") {
		t.Errorf("data %s", e.Data)
	}
	tests := []struct{ id, data, how, result string }{
		{"1", `{"a":2,"b":3}`, "complete", `5`},
		{"2", `{"a":2}`, "fail", `ab not found`},
		{"3", `null`, "fail", `ab not found`},
		{"4", `{"a":1,"b":1}`, "complete", `2`},
		{"4", `{"a":1,"b":1}`, "complete", `2`}, // the repeated task is reported again
	}
	for _, tt := range tests {
		p.give(tt.id, tt.data)
		select {
		case got := <-p.results:
			if !strings.HasPrefix(got, tt.id+" "+tt.how+" {") || !strings.Contains(got, tt.result) {
				t.Errorf("%s: %s", tt.data, got)
			}
		case <-t.Context().Done():
		}
	}
	p.call(webhook.Success, "DELETE", "/disconnect", webhook.DisconnectBody{})
	p.connect()
}

func speaksRefusals(t *testing.T, argv []string) {
	t.Parallel()
	p := spawn(t, argv, "")
	as := func(channel int, token, bearer string) {
		p.client.Channel, p.session, p.client.Bearer = channel, token, bearer
	}
	steps := []struct {
		channel            int
		token, bearer      string
		method, path, body string
		want               webhook.Code
	}{
		{0, "", "", "GET", "/ping", "", webhook.NoOwnToken},
		{0, "no", "", "GET", "/ping", "", webhook.WrongOwnToken},
		{0, "own$token", "", "GET", "/ping", "{}", webhook.Success},
		{9, "s", "own$token", "POST", "/connect", "{}", webhook.WrongChannel},
		{0, "", "own$token", "POST", "/connect", "{}", webhook.NoToken},
		{0, "s", "", "POST", "/connect", "{}", webhook.NoOwnToken},
		{0, "s", "no", "POST", "/connect", "{}", webhook.WrongOwnToken},
		{0, "s", "own$token", "POST", "/connect", "{}", webhook.BadBody},
		{0, "s", "own$token", "POST", "/connect", `[`, webhook.BadBody},
		{0, "s", "own$token", "POST", "/connect", strings.Repeat("[", 100_000), webhook.BadBody},
		{0, "s", "", "DELETE", "/disconnect", `{}`, webhook.NotConnected},
		{0, "s", "", "POST", "/task/new", `{}`, webhook.WrongToken},
		{0, "s", "own$token", "POST", "/connect", `{"master":{"address":"` + p.master.URL + `"},"data":{}}`, webhook.Success},
		{0, "t", "own$token", "POST", "/connect", `{"master":{"address":"` + p.master.URL + `"},"data":{}}`, webhook.AlreadyConnected},
		{0, "t", "", "POST", "/task/new", `{}`, webhook.WrongToken},
		{0, "s", "", "POST", "/task/new", `{}`, webhook.BadBody},
		{0, "t", "", "DELETE", "/disconnect", `{}`, webhook.WrongToken},
		{0, "s", "", "GET", "/nowhere", ``, webhook.NotFound},
		{0, "s", "", "DELETE", "/disconnect", `{}`, webhook.Success},
	}
	for _, s := range steps {
		as(s.channel, s.token, s.bearer)
		p.call(s.want, s.method, s.path, raw(s.body))
	}
	if proof := pingWithNonce(t, p); proof != webhook.Proof("own$token", "n0nce", "a1b2", 2) {
		t.Errorf("proof %s", proof)
	}
}

func shutsDown(t *testing.T, argv []string) {
	t.Parallel()
	p := spawn(t, argv, "")
	p.session = "own$token"
	p.call(webhook.Success, "DELETE", "/shutdown", nil)
	if code := p.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// losesMaster checks that a worker whose heartbeats fail is free for another
// master after the heartbeat_tolerance on its stdin, and not after the default.
func losesMaster(t *testing.T, argv []string) {
	p := spawn(t, argv, "heartbeat_tolerance = 0.4\n")
	p.connect()
	lost := time.Now()
	p.master.Close()
	for {
		e, _, err := p.client.Do(t.Context(), "POST", "/connect", p.session, p.connectBody())
		if err != nil {
			t.Fatal(err)
		}
		if e.Code == webhook.Success.Number {
			break
		}
		if e.Code != webhook.AlreadyConnected.Number || time.Since(lost) > proactor.DefaultHeartbeatTolerance {
			t.Fatalf("%s after the master was lost: %d %q", time.Since(lost), e.Code, e.Message)
		}
	}
}

func obeysSIGTERM(t *testing.T, argv []string) {
	t.Parallel()
	p := spawn(t, argv, "")
	p.connect()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
