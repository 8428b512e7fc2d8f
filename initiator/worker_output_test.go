package initiator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/testlength"
)

// outputRecorder is an output on which a test can wait.
type outputRecorder struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newOutputRecorder() *outputRecorder { return &outputRecorder{more: make(chan struct{})} }

// Write implements io.Writer.
func (s *outputRecorder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
	return s.text.Write(p)
}

// waitText waits until the text contains a part, and returns the whole text.
func (s *outputRecorder) waitText(t *testing.T, part string) string {
	t.Helper()
	patience := time.After(testlength.Patience)
	for {
		s.mu.Lock()
		text, more := s.text.String(), s.more
		s.mu.Unlock()
		if strings.Contains(text, part) {
			return text
		}
		select {
		case <-more:
		case <-patience:
			t.Fatalf("the output never had %q, but:\n%s", part, text)
		}
	}
}

// withOutputs gives the initiator the test's own outputs.
func withOutputs(stdout, stderr, log io.Writer) initiatortest.Option {
	return initiatortest.Configure(func(c *initiator.Config) {
		c.Stdout, c.Stderr = stdout, stderr
		if log != nil {
			c.Logger = initiator.HCLog(hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Info}))
		}
	})
}

// Lines that are not kept in files are written to the initiator's own outputs with
// their bytes, each line to the right one, and not to the log.
func TestOwnOutput(t *testing.T) {
	t.Parallel()
	stdout, stderr, log := newOutputRecorder(), newOutputRecorder(), newOutputRecorder()
	in := initiatortest.StartText(t, `
[DEFAULT]
[worker:talker]
replicas       = 2
command        = sh -c 'echo "to stdout"; echo "to stderr" >&2; printf "%s\n" "{\"@level\":\"warn\",\"@message\":\"its own level\",\"n\":7}" >&2; exec sleep 3600'
contract       = off
stdout_logfile = -
stderr_logfile = -
[worker:joined]
command         = sh -c 'echo one >&2; printf "bytes\377\n"; exec sleep 3600'
contract        = off
stdout_logfile  = -
redirect_stderr = true
[worker:crossed]
command         = sh -c 'echo from stdout; echo from stderr >&2; exec sleep 3600'
contract        = off
stdout_logfile  = /dev/stderr
stderr_logfile  = /proc/self/fd/1
[worker:quiet]
command  = sh -c 'echo not shown; exec sleep 3600'
contract = off
`, withOutputs(stdout, stderr, log))
	for _, part := range []string{"talker:0 | to stdout\n", "talker:1 | to stdout\n", "joined:0 | one\n"} {
		stdout.waitText(t, part)
	}
	stdout.waitText(t, "joined:0 | bytes\xff\n")
	stdout.waitText(t, "crossed:0 | from stderr\n")
	stderr.waitText(t, "crossed:0 | from stdout\n")
	stderr.waitText(t, "talker:0 | to stderr\n")
	for _, worker := range []string{"talker:0", "talker:1"} {
		stderr.waitText(t, worker+` | {"@level":"warn","@message":"its own level","n":7}`+"\n")
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if text := stdout.waitText(t, "") + stderr.waitText(t, "") + log.waitText(t, ""); strings.Contains(text, "not shown") || strings.Count(text, "own level") != 2 {
		t.Errorf("shown:\n%s", text)
	}
}

// A panic is one error in the initiator's log, and its lines stand on stderr.
func TestPanicIsOneError(t *testing.T) {
	t.Parallel()
	stderr, log := newOutputRecorder(), newOutputRecorder()
	initiatortest.Start(t, writeINI(t, `
[worker:fragile]
command        = sh -c 'printf "before\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1\n" >&2; exit 2'
contract       = off
stderr_logfile = -
autorestart    = false
`), withOutputs(nil, stderr, log), initiatortest.NoWait())
	text := log.waitText(t, "panic: boom")
	if strings.Count(text, "[ERROR] worker: panic: boom: worker=fragile:0 incarnation=1\n") != 1 {
		t.Errorf("log:\n%s", text)
	}
	const want = "before\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1\n" // a single worker has no prefix
	if text := stderr.waitText(t, "/x.go:1\n"); text != want {
		t.Errorf("stderr:\n%s", text)
	}
}

// A panic in a log file is one error: that of the incarnation that has died, and not
// of an older incarnation, however soon they follow each other.
func TestPanicInFileIsOneError(t *testing.T) {
	t.Parallel()
	log := newOutputRecorder()
	in := initiatortest.Start(t, writeINI(t, `
[worker:fragile]
command       = sh -c 'test $$INITIATOR_INCARNATION = 3 || printf "before\npanic: boom $$INITIATOR_INCARNATION\n\ngoroutine 1 [running]:\nmain.main()\n" >&2; exit 2'
contract      = off
restart_delay = 1ms
restart_limit = 4/1min
[worker:usage]
command       = sh -c 'echo panic: not really >&2; exit 2'
contract      = off
restart_limit = 1/1min
`), withOutputs(nil, nil, log), initiatortest.NoWait())
	for _, name := range []string{"fragile", "usage"} {
		in.WaitFor(name, func(w report.Worker) bool { return w.State == report.Fatal })
	}
	for _, n := range []string{"1", "2", "4"} {
		log.waitText(t, "[ERROR] worker: panic: boom "+n+": worker=fragile:0 incarnation="+n)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if text := log.waitText(t, ""); strings.Count(text, "worker: panic: ") != 3 || strings.Contains(text, "before") {
		t.Errorf("log:\n%s", text)
	}
}

// An output that is not read holds up neither workers nor the initiator.
func TestOutputIsNotRead(t *testing.T) {
	t.Parallel()
	read, write := io.Pipe()
	in := initiatortest.StartText(t, adder+`
[worker:flood]
command        = sh -c 'yes "a line of the flood`+strings.Repeat(" drop", 40)+`" | head -c 5000000; exec sleep 1000'
contract       = off
stdout_logfile = -
`, withOutputs(write, write, nil)) // more than all pipes and buffers on the way hold
	defer read.Close()
	for range 20 {
		if got := in.Call("adder", json.RawMessage(`{"a":2,"b":3}`)); got != `{"sum":5}` {
			t.Errorf("got %s", got)
		}
	}
	if _, err := in.Client().Restart(t.Context(), "flood"); err != nil {
		t.Error(err)
	}
	in.WaitFor("flood", func(w report.Worker) bool { return w.Ready && w.Incarnation == 2 })
	if err := in.Close(); err != nil {
		t.Error(err)
	}
}
