package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// peer is a worker process, and the master that it is connected to.
type peer struct {
	t       *testing.T
	cmd     *exec.Cmd
	stderr  chan string
	log     io.Closer // the read end of the process's stderr
	addr    string
	client  *webhook.Client
	master  *httptest.Server
	session string
	beats   chan webhook.RunningTask
	results chan string

	mu       sync.Mutex
	toCancel []string
	answer   masterAnswer
}

// masterAnswer returns the HTTP status and the body with which the master answers a
// request. Status 0 stands for the usual answer.
type masterAnswer func(r *http.Request, body []byte) (status int, text string)

// answerWith makes the master give other answers from now on; nil = the usual ones.
func (p *peer) answerWith(answer masterAnswer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

var address = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// spawn starts a worker under the contract, with arguments, environment and
// the INI on stdin. The worker listens on a free port and prints it on stderr.
func spawn(t *testing.T, argv []string, more string) *peer {
	t.Helper()
	p := &peer{
		t: t, session: webhook.NewToken(), stderr: make(chan string, 10_000),
		beats: make(chan webhook.RunningTask, 10_000), results: make(chan string, 10_000),
	}
	own, rest := argv[1:], []string(nil)
	if at := slices.Index(own, "--"); at >= 0 { // as in the arguments of exec, where the pair comes before the command
		own, rest = own[:at], own[at:]
	}
	p.cmd = exec.Command(argv[0], slices.Concat(own, []string{"--guid", "a1b2", "--port", "0"}, rest)...)
	p.cmd.Env = append(p.cmd.Environ(), "INITIATOR_GUID=a1b2")
	p.cmd.Stdin = strings.NewReader("[DEFAULT]\n\n[a1b2]\ntoken = own$$token\nincarnation = 2\nheartbeat_span = 0.2\n" + more)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.log = stderr
	go p.read(stderr)
	p.master = httptest.NewServer(p)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error only when the process has exited already
		for range p.stderr {     // until the end of the pipe
		}
		_ = p.cmd.Wait()
		p.master.Close()
	})
	p.addr = p.waitListening()
	p.client = &webhook.Client{Base: "http://" + p.addr, Bearer: "own$token", HTTP: webhook.NewHTTPClient(1)}
	t.Cleanup(p.client.HTTP.CloseIdleConnections)
	return p
}

func (p *peer) read(stderr io.Reader) {
	defer close(p.stderr)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		p.stderr <- lines.Text()
	}
}

func (p *peer) waitListening() string {
	p.t.Helper()
	deadline := time.After(patience)
	var heard []string
	for {
		select {
		case line, ok := <-p.stderr:
			if heard = append(heard, line); !ok {
				p.t.Fatalf("it ended: %q", heard)
			}
			if strings.Contains(line, "listening") {
				return address.FindString(line)
			}
		case <-deadline:
			p.t.Fatalf("it does not listen: %q", heard)
		}
	}
}

func (p *peer) waitExit() int {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case _, ok := <-p.stderr:
			if !ok {
				_ = p.cmd.Wait() // the exit code says enough
				return p.cmd.ProcessState.ExitCode()
			}
		case <-deadline:
			p.t.Fatal("waited in vain for its exit")
		}
	}
}

// ServeHTTP is the master's server.
func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, code := webhook.ReadBody(w, r, 64<<20)
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	if answer != nil {
		if status, text := answer(r, body); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
			return
		}
	}
	if !code.OK() || r.Header.Get("Token") != p.session || r.Header.Get("Channel") != "0" {
		webhook.UnknownSlave.WriteAnswer(w, "", nil)
		return
	}
	if r.URL.Path == "/slave/heartbeat" {
		var b webhook.HeartbeatBody
		if err := json.Unmarshal(body, &b); err != nil || b.Incarnation != 2 {
			webhook.BadBody.WriteAnswer(w, "", nil)
			return
		}
		for _, running := range b.Running {
			p.beats <- running
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		webhook.Success.WriteAnswer(w, webhook.MessageHeartbeat, webhook.HeartbeatAnswer{Cancel: p.toCancel})
		return
	}
	var result webhook.ResultBody
	if err := json.Unmarshal(body, &result); err != nil {
		webhook.BadTask.WriteAnswer(w, err.Error(), nil)
		return
	}
	p.results <- result.Task.ID + " " + strings.TrimPrefix(r.URL.Path, "/slave/task/") + " " + string(result.Result)
	webhook.Success.WriteAnswer(w, webhook.MessageResult, nil)
}

func (p *peer) call(want webhook.Code, method, path string, body any) proactor.Envelope {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	e, status, err := p.client.Do(ctx, method, path, p.session, body)
	if err != nil {
		p.t.Fatal(err)
	}
	if e.Code != want.Number || status != want.Status {
		p.t.Fatalf("%s %s: got %d/%d %q, want %d/%d", method, path, e.Code, status, e.Message, want.Number, want.Status)
	}
	return e
}

func (p *peer) connectBody() webhook.ConnectBody {
	return webhook.ConnectBody{Master: webhook.Master{Address: p.master.URL}}
}

func (p *peer) connect() proactor.Envelope {
	p.t.Helper()
	return p.call(webhook.Success, "POST", "/connect", p.connectBody())
}

func task(id, data string) webhook.TaskBody {
	return webhook.TaskBody{Task: webhook.TaskRef{ID: id, Attempt: 1}, Data: json.RawMessage(data)}
}

func (p *peer) give(id, data string) {
	p.t.Helper()
	p.call(webhook.Success, "POST", "/task/new", task(id, data))
}

// giveFatalTask gives a task that may end the process before it has answered.
func (p *peer) giveFatalTask(id, data string) {
	_, _, _ = p.client.Do(p.t.Context(), "POST", "/task/new", p.session, task(id, data))
}

func (p *peer) inline(id, data string) (status, result string) {
	p.t.Helper()
	answer := p.inlineAnswer(id, data)
	return answer.Status, string(answer.Result)
}

func (p *peer) inlineAnswer(id, data string) webhook.TaskAnswer {
	p.t.Helper()
	body := task(id, data)
	body.Task.InlineMS = int(patience.Milliseconds())
	var answer webhook.TaskAnswer
	e := p.call(webhook.Success, "POST", "/task/new", body)
	if err := json.Unmarshal(e.Data, &answer); err != nil {
		p.t.Fatalf("%s: %v", e.Data, err)
	}
	return answer
}

// waitStderr waits for a line of the worker's stderr.
func (p *peer) waitStderr(part string) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-p.stderr:
			if !ok {
				p.t.Fatalf("it ended without %q", part)
			}
			if strings.Contains(line, part) {
				return
			}
		case <-deadline:
			p.t.Fatalf("waited in vain for %q", part)
		}
	}
}

func (p *peer) cancel(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.toCancel = append(p.toCancel, id)
}

func (p *peer) waitHeartbeat(ok func(webhook.RunningTask) bool) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case r := <-p.beats:
			if ok(r) {
				return
			}
		case <-deadline:
			p.t.Fatal("waited in vain for such a heartbeat")
		}
	}
}

func (p *peer) wantResult(id, how, result string) {
	p.t.Helper()
	select {
	case got := <-p.results:
		if want := id + " " + how + " " + result; got != want {
			p.t.Errorf("result %s\nwant   %s", got, want)
		}
	case <-time.After(patience):
		p.t.Fatal("waited in vain for a result")
	}
}

// waitFor waits until ok returns true.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited in vain")
		}
	}
}

// raw is a body that need not be JSON.
func raw(body string) any {
	if body == "" {
		return nil
	}
	return json.RawMessage(body)
}

func pingWithNonce(t *testing.T, p *peer) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+p.addr+"/ping", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(proactor.HeaderNonce, "n0nce")
	res, err := p.client.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Data webhook.PingAnswer }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data.Proof
}
