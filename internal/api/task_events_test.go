package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/pprof"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

const watched = `
[worker:sleeper]
command = ${initiator:self} job sleep
heartbeat_span = 200ms

[worker:closed]
command   = ${initiator:self} job sum
autostart = false
`

// event is one server-sent event.
type event struct {
	id, kind string
	news     task.Event
}

// follow opens an event stream; next reads one event.
func (c *client) follow(path string, headers ...string) (next func() (event, bool)) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), "GET", c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		c.t.Fatalf("%s: %v, %+v", path, err, res)
	}
	c.t.Cleanup(func() { res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	return func() (e event, ok bool) {
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.kind = value
			case "data":
				if err := json.Unmarshal([]byte(value), &e.news); err != nil {
					c.t.Errorf("%s: %v", value, err)
				}
			case "":
				return e, true
			}
		}
		return e, false
	}
}

func TestTaskEvents(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, watched)
	c := overSocket(t, in)
	pool := c.follow("/api/v1/tasks/events?pool=sleeper")
	got, err := in.Client().Submit(t.Context(), task.Request{Pool: "sleeper", Data: json.RawMessage(`{"seconds":3600}`)})
	if err != nil {
		t.Fatal(err)
	}
	next := c.follow("/api/v1/tasks/" + got.ID.String() + "/events")
	kinds := map[string]int{}
	var last event
	for e, ok := next(); ok; e, ok = next() {
		if last = e; e.news.ID != got.ID {
			t.Errorf("%+v", e)
		}
		if kinds[e.kind]++; e.kind == "progress" && kinds["progress"] == 1 {
			if _, err := in.Client().Cancel(t.Context(), got.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if kinds["progress"] == 0 || kinds["state"] == 0 || kinds["end"] != 1 || last.kind != "end" || last.news.State != task.Cancelled {
		t.Errorf("%v, and last %+v", kinds, last)
	}
	first, _ := pool()
	if first.kind != "state" || first.news.State != task.Queued || first.news.ID != got.ID {
		t.Errorf("the first of the pool: %+v", first)
	}
	for e := first; e.kind != "end"; {
		var ok bool
		if e, ok = pool(); !ok {
			t.Fatal("the pool's stream ended")
		}
	}
}

// A client that reconnects gets the events that it has missed, and not the events that
// it knows.
func TestTaskEventsResume(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, watched)
	c := overSocket(t, in)
	got, err := in.Client().Submit(t.Context(), task.Request{Pool: "closed"})
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/tasks/" + got.ID.String() + "/events"
	first, _ := c.follow(path)()
	if first.news.State != task.Queued || first.id == "" {
		t.Fatalf("%+v", first)
	}
	again := c.follow(path, "Last-Event-ID", first.id)
	if _, err := in.Client().Cancel(t.Context(), got.ID); err != nil {
		t.Fatal(err)
	}
	for _, next := range []func() (event, bool){again, c.follow(path, "Last-Event-ID", first.id)} {
		if e, _ := next(); e.kind != "end" || e.news.State != task.Cancelled {
			t.Errorf("%+v, want the end", e)
		}
		if e, more := next(); more {
			t.Errorf("after the end: %+v", e)
		}
	}
}

func TestEventsOfUnknownTasks(t *testing.T) {
	t.Parallel()
	c := overSocket(t, initiatortest.StartText(t, watched))
	for path, want := range map[string]int{
		"/api/v1/tasks/events": 400, "/api/v1/tasks/events?pool=sleeper&retries=some": 400, "/api/v1/tasks/events?pool=sleeprr": 404, "/api/v1/tasks/seven/events": 400,
		"/api/v1/tasks/00000000-0000-4000-8000-000000000000/events": 404,
	} {
		if status, body := c.do("GET", path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// Two thousand clients (500 in a normal run) wait for a task over connections, which
// cost the goroutines of net/http and no others.
func TestManyWaiters(t *testing.T) {
	connections := testlength.Count(500, 2_000)
	in := initiatortest.StartText(t, watched)
	got, err := in.Client().Submit(t.Context(), task.Request{Pool: "closed"})
	if err != nil {
		t.Fatal(err)
	}
	before := countOwnGoroutines(t)
	answers := make([]*bufio.Reader, connections)
	for i := range answers { // without an HTTP client, which would have goroutines as well
		conn, err := net.Dial("unix", in.Initiator().Socket())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /api/v1/tasks/%s/events HTTP/1.1\r\nHost: initiator\r\nConnection: close\r\n\r\n", got.ID)
		answers[i] = bufio.NewReader(conn)
	}
	for _, a := range answers { // each has got the current state
		for line := ""; !strings.HasPrefix(line, "data: "); {
			if line, err = a.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A few goroutines, such as those of a worker's stream, come and go.
	if now := countOwnGoroutines(t); now > before+20 {
		t.Errorf("%d more goroutines that net/http has not started", now-before)
	}
	if _, err := in.Client().Cancel(t.Context(), got.ID); err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		if rest, err := io.ReadAll(a); err != nil || !strings.Contains(string(rest), "event: end") {
			t.Fatalf("connection %d: %q, %v", i, rest, err)
		}
	}
}

// countOwnGoroutines counts the goroutines that net/http has not started.
func countOwnGoroutines(t *testing.T) (n int) {
	t.Helper()
	var text strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&text, 2); err != nil {
		t.Fatal(err)
	}
	for stack := range strings.SplitSeq(text.String(), "\n\n") {
		if !strings.Contains(stack, "created by net/http.") {
			n++
		}
	}
	return n
}
