package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/webhook"
)

const ini = `
[worker:adder]
command   = ${initiator:self} job sum
queue_max = 3

[worker:closed]
command   = ${initiator:self} job sum
autostart = false
queue_max = 2
`

// client sends requests to one initiator, over TCP or its socket.
type client struct {
	t    *testing.T
	in   *initiatortest.Server
	http *http.Client
	base string
	head http.Header
}

func overTCP(t *testing.T, in *initiatortest.Server) *client {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(in.Initiator().StateDir(), "token"))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Authorization": {"Bearer " + strings.TrimSpace(string(token))}}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t: t, in: in, http: &http.Client{Transport: transport}, base: in.Initiator().URL(), head: h}
}

func overSocket(t *testing.T, in *initiatortest.Server) *client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", in.Initiator().Socket())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t: t, in: in, http: &http.Client{Transport: transport}, base: "http://initiator"}
}

// do sends a request and returns status and body.
func (c *client) do(method, path, body string, headers ...string) (int, string) {
	c.t.Helper()
	return c.doBody(method, path, strings.NewReader(body), int64(len(body)), headers...)
}

// doBody sends a request with a body of that length, and returns the status and the
// answer.
func (c *client) doBody(method, path string, body io.Reader, length int64, headers ...string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.ContentLength = length
	for k, v := range c.head {
		req.Header[k] = v
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// envelope checks that an answer is a fault in the envelope, and returns its
// message.
func envelope(t *testing.T, body string, code int) string {
	t.Helper()
	var e struct {
		Success *bool
		Code    int
		Message string
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Success == nil || *e.Success || e.Code != code {
		t.Errorf("want the envelope with code %d, got %s (%v)", code, body, err)
	}
	return e.Message
}

func TestSubmitAndWait(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	for name, c := range map[string]*client{"tcp": overTCP(t, in), "socket": overSocket(t, in)} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			status, body := c.do("POST", "/api/v1/tasks?wait=30s", `{"pool":"adder","data":{"a":2,"b":3}}`)
			var got task.Task
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != 201 || got.State != task.Completed || string(got.Result) != `{"sum":5}` {
				t.Fatalf("submit: %d %s %v", status, body, err)
			}
			if status, body = c.do("GET", "/api/v1/tasks/"+got.ID.String(), ""); status != 200 || !strings.Contains(body, `{"sum":5}`) {
				t.Errorf("get: %d %s", status, body)
			}
			if status, body = c.do("GET", "/api/v1/tasks?pool=adder&state=completed&limit=10", ""); status != 200 || !strings.Contains(body, got.ID.String()) {
				t.Errorf("list: %d %s", status, body)
			}
		})
	}
}

// Every endpoint refuses bad requests with a code.
func TestBadInput(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overSocket(t, in)
	const some = "/api/v1/tasks/0191d7a0-0000-7000-8000-000000000000"
	deep := strings.Repeat("[", 100_000)
	tests := map[string]struct {
		method, path, body string
		status, code       int
		says               string
	}{
		"malformed submit":       {"POST", "/api/v1/tasks", `{"pool":`, 400, 701, "JSON"},
		"malformed cancel":       {"POST", some + "/cancel", `{`, 400, 701, "JSON"},
		"malformed retry":        {"POST", some + "/retry", `{`, 400, 701, "JSON"},
		"malformed launch":       {"POST", "/api/v1/workers", `nonsense`, 400, 701, "JSON"},
		"malformed start":        {"POST", "/api/v1/workers/start", `[`, 400, 701, "JSON"},
		"malformed stop":         {"POST", "/api/v1/workers/stop", `"`, 400, 701, "JSON"},
		"malformed restart":      {"POST", "/api/v1/workers/restart", `{"names":7}`, 400, 701, "JSON"},
		"malformed shutdown":     {"POST", "/api/v1/shutdown", `{`, 400, 701, "JSON"},
		"invalid UTF-8":          {"POST", "/api/v1/tasks", "{\"pool\":\"adder\",\"data\":\"\xff\"}", 400, 701, "UTF-8"},
		"nested 100,000 deep":    {"POST", "/api/v1/tasks", `{"pool":"adder","data":` + deep, 400, 701, "JSON"},
		"wrong type":             {"POST", "/api/v1/tasks", `{"pool":["adder"]}`, 400, 701, "JSON"},
		"no pool":                {"POST", "/api/v1/tasks", `{}`, 400, 701, `"pool" is missing`},
		"unknown pool":           {"POST", "/api/v1/tasks", `{"pool":"addr"}`, 404, 714, `did you mean "adder"?`},
		"priority out of range":  {"POST", "/api/v1/tasks", `{"pool":"adder","priority":10}`, 400, 701, "0 to 9"},
		"bad wait":               {"POST", "/api/v1/tasks?wait=soon", `{"pool":"adder"}`, 400, 701, "30s"},
		"not an id":              {"GET", "/api/v1/tasks/7", ``, 400, 701, "UUID"},
		"unknown task":           {"GET", some, ``, 404, 713, "no such task"},
		"cancel an unknown task": {"POST", some + "/cancel", ``, 404, 713, "no such task"},
		"bad state":              {"GET", "/api/v1/tasks?state=odd", ``, 400, 701, "queued"},
		"bad limit":              {"GET", "/api/v1/tasks?limit=0", ``, 400, 701, "1 to 10000"},
		"launch without module":  {"POST", "/api/v1/workers", `{}`, 400, 701, "module"},
		"launch the unknown":     {"POST", "/api/v1/workers", `{"module":"addr"}`, 404, 715, "adder"},
		"stop nobody":            {"POST", "/api/v1/workers/stop", `{}`, 400, 701, "names"},
		"stop the unknown":       {"POST", "/api/v1/workers/stop", `{"names":["addr"]}`, 404, 715, "adder"},
		"logs of the unknown":    {"GET", "/api/v1/workers/nobody/logs", ``, 404, 715, "nobody"},
		"bad since":              {"GET", "/api/v1/events?since=x", ``, 400, 701, "number"},
		"no such path":           {"GET", "/api/v1/nothing", ``, 404, 704, "nothing"},
		"no such path at all":    {"GET", "/nothing", ``, 404, 704, "nothing"},
		"wrong method":           {"DELETE", "/api/v1/tasks", ``, 405, 705, "DELETE"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c.t = t
			status, body := c.do(test.method, test.path, test.body)
			if status != test.status {
				t.Errorf("status %d, want %d: %s", status, test.status, body)
			}
			if message := envelope(t, body, test.code); !strings.Contains(message, test.says) {
				t.Errorf("message %q does not say %q", message, test.says)
			}
		})
	}
	c.t = t
	const tooLong = bounds.Body + 1
	if status, body := c.doBody("POST", "/api/v1/tasks", io.LimitReader(letters{}, tooLong), tooLong); status != 413 || !strings.Contains(envelope(t, body, 702), "too large") {
		t.Errorf("a body over the limit: %d %s", status, body)
	}
	if got := in.Call("adder", json.RawMessage(`{"a":1,"b":2}`)); got != `{"sum":3}` {
		t.Errorf("after all that: %s", got)
	}
}

// letters reads as the letter x, for ever. A long body needs no memory then.
type letters struct{}

func (letters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// Requests over TCP are admitted by token, Host and Origin.
func TestAuthMiddleware(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overTCP(t, in)
	host := strings.TrimPrefix(in.Initiator().URL(), "http://")
	tests := map[string]struct {
		headers      []string
		status, code int
	}{
		"the token":               {nil, 200, 0},
		"no token":                {[]string{"Authorization", ""}, 401, 707},
		"a wrong token":           {[]string{"Authorization", "Bearer x"}, 401, 707},
		"another scheme":          {[]string{"Authorization", "Basic " + c.head.Get("Authorization")}, 401, 707},
		"its own origin":          {[]string{"Origin", in.Initiator().URL()}, 200, 0},
		"a foreign origin":        {[]string{"Origin", "http://evil.example"}, 403, 708},
		"no origin to speak of":   {[]string{"Origin", "null"}, 403, 708},
		"a foreign host":          {[]string{"Host", "evil.example"}, 403, 708},
		"a foreign host, my port": {[]string{"Host", "evil.example:" + host[strings.LastIndex(host, ":")+1:]}, 403, 708},
		"localhost":               {[]string{"Host", "localhost" + host[strings.LastIndex(host, ":"):]}, 200, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c.t = t
			status, body := c.do("GET", "/api/v1/status", "", test.headers...)
			if status != test.status {
				t.Errorf("status %d, want %d: %s", status, test.status, body)
			}
			if test.code != 0 {
				envelope(t, body, test.code)
			}
		})
	}
	info, err := os.Stat(in.Initiator().Socket())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Join(in.Initiator().StateDir(), "token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token is %v, %v", info.Mode(), err)
	}
}

// The webhooks answer with the exact codes of the contract.
func TestMasterWebhooks(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	in.Call("adder", json.RawMessage(`{"a":2,"b":3}`)) // channel 0 is known when the worker is attached
	c := overTCP(t, in)
	own := strings.TrimPrefix(c.head.Get("Authorization"), "Bearer ")
	c.head = nil
	const result = `{"task":{"id":"0191d7a0-0000-7000-8000-000000000000"},"result":{}}`
	tests := map[string]struct {
		method, path, body string
		headers            []string
		status, code       int
	}{
		"heartbeat without channel":       {"GET", "/slave/heartbeat", "{}", []string{"Token", "x"}, 400, 201},
		"heartbeat on another channel":    {"GET", "/slave/heartbeat", "{}", []string{"Channel", "7", "Token", "x"}, 403, 202},
		"heartbeat with no number":        {"GET", "/slave/heartbeat", "{}", []string{"Channel", "one", "Token", "x"}, 403, 202},
		"heartbeat without token":         {"GET", "/slave/heartbeat", "{}", []string{"Channel", "0"}, 400, 501},
		"heartbeat with an unknown token": {"GET", "/slave/heartbeat", "{}", []string{"Channel", "0", "Token", "x"}, 403, 502},
		"complete without channel":        {"PUT", "/slave/task/complete", result, []string{"Token", "x"}, 400, 201},
		"complete with an unknown token":  {"PUT", "/slave/task/complete", result, []string{"Channel", "0", "Token", "x"}, 403, 502},
		"fail with an unknown token":      {"PUT", "/slave/task/fail", result, []string{"Channel", "0", "Token", "x"}, 403, 502},
		"heartbeat by the wrong method":   {"POST", "/slave/heartbeat", "{}", []string{"Channel", "0", "Token", "x"}, 405, 705},
		"ping without token":              {"GET", "/ping", "", nil, 400, 401},
		"ping with a wrong token":         {"GET", "/ping", "", []string{"Token", "x"}, 403, 402},
		"ping":                            {"GET", "/ping", "", []string{"Token", own}, 200, 0},
		"shutdown with a wrong token":     {"DELETE", "/shutdown", "", []string{"Token", "x"}, 403, 402},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c.t = t
			status, body := c.do(test.method, test.path, test.body, test.headers...)
			if status != test.status {
				t.Errorf("status %d, want %d: %s", status, test.status, body)
			}
			if test.code != 0 {
				envelope(t, body, test.code)
			} else if body != `{"success":true,"code":0,"message":"PONG!","data":null}` {
				t.Errorf("body %s", body)
			}
		})
	}
}

func TestFullQueueSays429(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overSocket(t, in)
	for i := range 3 {
		status, body := c.do("POST", "/api/v1/tasks", `{"pool":"closed"}`)
		if want := []int{201, 201, 429}[i]; status != want {
			t.Errorf("submit %d: %d %s", i+1, status, body)
		}
	}
}

func TestProactorReadsEveryFault(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := &webhook.Client{Base: in.Initiator().URL(), HTTP: webhook.NewHTTPClient(1)}
	defer c.HTTP.CloseIdleConnections()
	e, status, err := c.Do(t.Context(), "GET", "/api/v1/status", "", nil)
	if err != nil || status != 401 || !webhook.Unauthorized.Matches(e) {
		t.Errorf("%+v, %d, %v", e, status, err)
	}
}
