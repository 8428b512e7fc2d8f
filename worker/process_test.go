//go:build unix

package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// process is the test binary as a worker process.
type process struct {
	program
	cmd  *exec.Cmd
	logs chan map[string]any // its stderr, which is hclog JSON
}

const ini = "[DEFAULT]\ngreeting = hello\n\n[a1b2]\nlisten_addr = 127.0.0.1\nlisten_port = 0\ntoken = own-token\nchannel = 0\nincarnation = 4\nheartbeat_span = 0.2\nslots = 2\n"

func spawn(t *testing.T, stdin string, env []string, files ...*os.File) *process {
	t.Helper()
	p := &process{program: program{t: t, token: "own-token"}, logs: make(chan map[string]any, 10_000)}
	p.cmd = exec.Command(os.Args[0], "--guid", "a1b2")
	p.cmd.Env = append(append(os.Environ(), asWorker+"=1", "INITIATOR_GUID=a1b2"), env...)
	p.cmd.Stdin = strings.NewReader(stdin)
	p.cmd.ExtraFiles = files
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.logs)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line map[string]any
			if json.Unmarshal(lines.Bytes(), &line) != nil {
				line = map[string]any{"@message": "not JSON: " + lines.Text()}
			}
			p.logs <- line
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error only when the process has exited, as it should
		<-read
		_ = p.cmd.Wait()
	})
	return p
}

// waitLogLine waits for a line of the worker's log.
func (p *process) waitLogLine(message string) map[string]any {
	p.t.Helper()
	var heard []string
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-p.logs:
			if !ok {
				p.t.Fatalf("it ended without saying %q, but %q", message, heard)
			}
			text := fmt.Sprint(line["@message"], " ", line["error"])
			if heard = append(heard, text); strings.Contains(text, message) {
				return line
			}
		case <-deadline:
			p.t.Fatalf("waited in vain for %q; heard %q", message, heard)
		}
	}
}

// waitExit waits for the end of the process and returns its exit code.
func (p *process) waitExit() int {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case _, ok := <-p.logs:
			if !ok {
				_ = p.cmd.Wait() // the exit code says enough
				return p.cmd.ProcessState.ExitCode()
			}
		case <-deadline:
			p.t.Fatal("waited in vain for its exit")
		}
	}
}

func (p *process) waitListening() {
	p.t.Helper()
	p.addr = fmt.Sprint(p.waitLogLine("listening")["address"])
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func TestProcessServesAndDrainsAfterSIGTERM(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := spawn(t, ini, nil)
	p.waitListening()
	p.mustCall(webhook.NoOwnToken, "POST", "/connect", m.session, webhook.ConnectBody{Master: webhook.Master{Address: m.URL}})
	c := &webhook.Client{Base: "http://" + p.addr, Bearer: p.token, HTTP: webhook.NewHTTPClient(1)}
	defer c.HTTP.CloseIdleConnections()
	e, _, err := c.Do(t.Context(), "POST", "/connect", m.session, webhook.ConnectBody{Master: webhook.Master{Address: m.URL}})
	if err != nil || string(e.Data) != `{"slots":2,"methods":["echo","sum","wait"],"incarnation":4,"protocol":1,"stream":true}` {
		t.Fatalf("%s %v", e.Data, err)
	}
	p.give(m, "1", "wait", `{}`)
	p.signal(syscall.SIGTERM)
	p.waitLogLine("draining")
	m.answerWith(cancellingMaster(m, "1"))
	m.wantResult(t, `1 fail {"message":"cancelled by the initiator"}`)
	if code := p.waitExit(); code != ExitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestSecondSignalEndsProcessAtOnce(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := spawn(t, strings.Replace(ini, "slots = 2", "connect = open", 1), nil)
	p.waitListening()
	p.connect(m)
	p.give(m, "1", "wait", `{}`)
	p.signal(syscall.SIGTERM)
	p.waitLogLine("draining")
	p.signal(syscall.SIGTERM)
	if code := p.waitExit(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d", code)
	}
}

func TestPingProofOfProcess(t *testing.T) {
	t.Parallel()
	p := spawn(t, ini, nil)
	p.waitListening()
	got := exchange(t, p.addr, "GET", "/ping", []string{"Nonce: n"}, "")
	if !strings.Contains(got, webhook.Proof("own-token", "n", "a1b2", 4)) {
		t.Error(got)
	}
}

// announceFDs returns the INITIATOR_FDS for files that become the descriptors
// 3 ….
func announceFDs(t *testing.T, files ...*os.File) string {
	var items []string
	for i, f := range files {
		var st unix.Stat_t
		if err := unix.Fstat(int(f.Fd()), &st); err != nil {
			t.Fatal(err)
		}
		items = append(items, fmt.Sprintf("%d:%d:%d", 3+i, uint64(st.Dev), st.Ino))
	}
	return "INITIATOR_FDS=" + strings.Join(items, ",")
}

func socket(t *testing.T) (*os.File, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	t.Cleanup(func() { _ = f.Close() })
	return f, l.Addr().String()
}

// socketPair returns both ends of a stream. No worker process inherits an end
// that it is not given: a process that holds the test's end hides its close.
func socketPair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	syscall.ForkLock.RLock() // macOS has no SOCK_CLOEXEC
	defer syscall.ForkLock.RUnlock()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	return os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
}

// TestPassedDescriptorsAreUsed: the worker serves the listener of descriptor
// 3, and sends its handshake on the stream of descriptor 4.
func TestPassedDescriptorsAreUsed(t *testing.T) {
	t.Parallel()
	listener, addr := socket(t)
	ours, theirs := socketPair(t)
	defer ours.Close()
	p := spawn(t, ini, []string{announceFDs(t, listener, theirs)}, listener, theirs)
	_ = theirs.Close()
	p.waitListening()
	if p.addr != addr {
		t.Errorf("it serves %s, not the inherited %s", p.addr, addr)
	}
	hello := make([]byte, chirp.HandshakeSize)
	if _, err := io.ReadFull(ours, hello); err != nil || chirp.ID(hello[2:]) != chirp.TokenID(p.token) {
		t.Errorf("the handshake: %x, %v", hello, err)
	}
	p.mustCall(codeOK, "GET", "/ping", p.token, nil)
}

// TestPassedFDsNeedMatchingFstat: a descriptor with another device or inode is
// not used.
func TestPassedFDsNeedMatchingFstat(t *testing.T) {
	t.Parallel()
	listener, addr := socket(t)
	other, _ := socket(t)
	for _, announcement := range []string{announceFDs(t, other), "INITIATOR_FDS=3:0:0", "INITIATOR_FDS=x", "INITIATOR_FDS=3:1"} {
		p := spawn(t, ini, []string{announcement}, listener)
		p.waitListening()
		if p.addr == addr {
			t.Errorf("%s: it serves a socket that was not announced", announcement)
		}
	}
}

func TestPassedFDThatIsNoListener(t *testing.T) {
	t.Parallel()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := spawn(t, ini, []string{announceFDs(t, f)}, f)
	p.waitLogLine("use the passed listener")
	if code := p.waitExit(); code != ExitError {
		t.Errorf("exit code %d", code)
	}
}

func TestExitCodesOfFailedStarts(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	tests := []struct {
		name, stdin, says string
		code              int
	}{
		{"a port that is taken", strings.Replace(ini, "listen_port = 0", "listen_port = "+port, 1), "address already in use", ExitPortTaken},
		{"a broken INI", "no section\n", "read the INI on stdin", ExitUsage},
		{"a wrong value", ini + "connect = maybe\n", "connect = maybe: use token or open", ExitUsage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := spawn(t, tt.stdin, nil)
			p.waitLogLine(tt.says)
			if code := p.waitExit(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
		})
	}
}

// TestSignalDuringStartIsNoError: a worker that is stopped before it listens
// exits with 0.
func TestSignalDuringStartIsNoError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	if err := Run(ctx, Options{Handlers: testHandlers(), Stdin: r, Port: -1}); err != nil {
		t.Error(err)
	}
}
