package initiator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"initiator/initiator/task"
	"initiator/internal/jobstest"
)

// startLimited starts the program of a harness with that many descriptors.
func startLimited(descriptors int) func(*exec.Cmd) error {
	return func(c *exec.Cmd) error {
		c.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, descriptors), "sh"}, append([]string{os.Args[0]}, c.Args[1:]...)...)
		c.Path = "/bin/sh"
		return c.Start()
	}
}

// openIdle opens connections that never send a whole request. Every second
// connection begins one. It returns how many the peer has accepted or has in its
// backlog.
func openIdle(t *testing.T, addr string, number int) (opened int) {
	t.Helper()
	for i := range number {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			continue
		}
		opened++
		t.Cleanup(func() { c.Close() })
		if i%2 == 0 {
			_, _ = io.WriteString(c, "GET /slave/heartbeat HTTP/1.1\r\nHost: x\r\nChannel: 0\r\n") // fails when the peer has closed it
		}
	}
	return opened
}

// An initiator with 256 descriptors gets many more connections without a token than
// that. Heartbeats, results and the unix socket go on as before, and no worker is
// restarted. A worker with as few descriptors gets as many connections to its own
// port; direct calls and tasks go on.
func TestConnectionsWithoutTokenStarveNothing(t *testing.T) {
	t.Parallel()
	const idle = 700
	d := newRestartHarness(t, "[DEFAULT]\nheartbeat_span = 0.5\nheartbeat_tolerance = 3\nattempts = 1\n"+
		"[worker:python]\ncommand = python3 "+slowSum(t)+"\nslots = 4\n"+
		"[worker:go]\ncommand = ${initiator:self} job sum\nslots = 2\ndirect = open\nlimit_nofile = 128\n")
	d.startCmd = startLimited(256)
	d.startReady()
	before := d.listWorkers()
	c := d.newClient()
	defer c.Close()
	status, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint("127.0.0.1:", workerNamed(t, before, "go").Port)
	for range 2 {
		if n := openIdle(t, strings.TrimPrefix(status.URL, "http://"), idle); n < idle/2 {
			t.Errorf("only %d connections were opened to the initiator", n)
		}
		openIdle(t, port, idle)
		again := d.newClient() // a new connection
		for i := range 8 {
			got, err := again.Submit(t.Context(), task.Request{Pool: "python", Data: json.RawMessage(`{"a":1,"b":2}`)})
			if err != nil {
				t.Fatalf("submit: %v", err)
			}
			if got, err = again.Wait(t.Context(), got.ID); err != nil || string(got.Result) != `{"sum":3}` && string(got.Result) != `{"sum": 3}` || got.Attempt != 1 {
				t.Fatalf("task %d of Python: %+v, %v", i, got, err)
			}
			if got, err := again.Call(t.Context(), task.Request{Pool: "go", Method: "sum", Data: json.RawMessage(`{"a":1,"b":2}`)}); err != nil || got.Attempt != 1 {
				t.Fatalf("task %d of Go: %+v, %v", i, got, err)
			}
			if said := callDirect(t, port); said != `{"sum":3}` {
				t.Fatalf("direct call %d: %s", i, said)
			}
		}
		again.Close()
	}
	d.expectSameWorkers(before)
	d.stopProgram()
}

// slowSum is a worker in Python whose tasks outlast the tolerance together. Each of
// its requests opens a new connection.
func slowSum(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed, and the worker that opens a connection for each request is in Python")
	}
	return jobstest.Script(t, "../jobs/worker.py", `    return {"sum": data["a"] + data["b"]}`,
		`    time.sleep(0.5)`, `    return {"sum": data["a"] + data["b"]}`)
}

// callDirect calls a method of a worker over a connection of its own.
func callDirect(t *testing.T, addr string) string {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+addr+"/", strings.NewReader(`{"method":"sum","parameters":{"a":1,"b":2}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
