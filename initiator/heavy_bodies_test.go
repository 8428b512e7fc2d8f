package initiator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/jobstest"
	"initiator/proactor"
)

// stolenSession is the session of a worker, with which a test sends what the
// worker would never send.
type stolenSession struct {
	Master string `json:"master"`
	Token  string `json:"token"`
}

// rogueINI returns a definition whose worker returns its session as the result
// of each task.
func rogueINI(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed, and the worker that misbehaves is in Python")
	}
	path := jobstest.Script(t, "../jobs/worker.py", `    return {"sum": data["a"] + data["b"]}`,
		`    return {"master": STATE.session.master, "token": STATE.session.token}`)
	return "[worker:rogue]\ncommand = python3 " + path + "\n"
}

func stealSession(t *testing.T, in *initiatortest.Server) (s stolenSession) {
	t.Helper()
	if err := json.Unmarshal([]byte(in.Call("rogue", json.RawMessage(`{"a": 1, "b": 1}`))), &s); err != nil || s.Token == "" {
		t.Fatalf("%+v: %v", s, err)
	}
	return s
}

// send sends a body of that length, and returns the status and the envelope.
func (s stolenSession) send(t *testing.T, method, path string, body io.Reader, length int64) (int, proactor.Envelope) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.Master+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = length
	req.Header = http.Header{"Channel": {"0"}, "Token": {s.Token}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var e proactor.Envelope
	if err := json.NewDecoder(res.Body).Decode(&e); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, e
}

// heartbeatOf returns a heartbeat that lists that many tasks.
func heartbeatOf(tasks int, format string) string {
	var b strings.Builder
	b.WriteString(`{"incarnation":1,"running":[`)
	for i := range tasks {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	b.WriteString("]}")
	return b.String()
}

// Two heartbeats that list 150,000 tasks that the worker does not run stopped the
// dispatcher for 50 seconds.
func TestAHeartbeatHasTheSizeOfItsSlots(t *testing.T) {
	in := initiatortest.StartText(t, rogueINI(t)+"[worker:good]\ncommand = ${initiator:self} job sum\n")
	s := stealSession(t, in)
	const id = `{"id":"0191d7a0-0000-7000-8000-%012d","attempt":1}`
	for name, test := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"150,000 tasks":             {heartbeatOf(150_000, id), 413, "at most"},
		"3,000 tasks":               {heartbeatOf(3_000, id), 400, "lists 3000 tasks; at most 1026 are accepted from a worker with slots = 1"},
		"100,000 that are no tasks": {heartbeatOf(100_000, `{"seq":%d}`), 400, "lists 100000 tasks"},
		"1,000 tasks":               {heartbeatOf(1_000, id), 200, "Received!"},
	} {
		for range 2 {
			status, e := s.send(t, "GET", "/slave/heartbeat", strings.NewReader(test.body), int64(len(test.body)))
			if status != test.status || !strings.Contains(e.Message, test.says) {
				t.Errorf("%s: %d %q, want %d %q", name, status, e.Message, test.status, test.says)
			}
			if got := in.Call("good", json.RawMessage(`{"a": 2, "b": 3}`)); got != `{"sum":5}` {
				t.Errorf("meanwhile: %s", got)
			}
		}
	}
}

// zeros reads as the digit 0, for ever.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// The initiator throws away a large result of an attempt that the worker does not
// run, instead of holding it in memory. The test does not run beside others,
// because it counts what this process allocates.
func TestALargeResultThatChangesNothingIsNotRead(t *testing.T) {
	in := initiatortest.StartText(t, rogueINI(t))
	s := stealSession(t, in)
	const size = 60 << 20
	for name, head := range map[string]string{
		"unknown": `{"task":{"id":"0191d7a0-0000-7000-8000-000000000000","attempt":1},"result":`, "spaces": `{"task": {"attempt": 1, "id": "0191d7a0-0000-7000-8000-000000000000"}, "result": `,
		"no id": `{"task":{"id":"7"},"result":`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size))
		status, e := s.send(t, "PUT", "/slave/task/complete", body, int64(len(head))+size)
		runtime.ReadMemStats(&after)
		if want := map[string]int{"no id": 601}[name]; status != 200 || e.Code != want {
			t.Errorf("%s: %d %+v", name, status, e)
		}
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 20 {
			t.Errorf("%s: a result of %d MiB that changes nothing took %d MiB of memory", name, size>>20, took)
		}
	}
}

// A request with very many names is refused before the supervisor's loop looks at
// them, and the error about many unknown names is short.
func TestManyNames(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, "[worker:good]\ncommand = ${initiator:self} job sum\n")
	c := client.New(in.Initiator().Socket())
	defer c.Close()
	for _, test := range []struct {
		names int
		says  string
	}{{10_001, "at most 10000 are accepted"}, {5_000, "4980 more names are unknown"}} {
		names := make([]string, test.names)
		for i := range names {
			names[i] = fmt.Sprint("n", i)
		}
		_, err := c.Restart(context.Background(), names...)
		if err == nil || !strings.Contains(err.Error(), test.says) || len(err.Error()) > 4096 {
			t.Errorf("%d names: %.300v, want %q", test.names, err, test.says)
		}
	}
	if got, err := in.Client().Submit(t.Context(), task.Request{Pool: "good", Data: json.RawMessage(`{"a":1,"b":2}`)}); err != nil {
		t.Errorf("%+v: %v", got, err)
	}
}
