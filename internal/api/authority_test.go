package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/api"
	"initiator/internal/testlength"
)

const authorityINI = `
[worker:owner]
command = ${initiator:self} teller
slots   = 4
drain   = 0

[worker:other]
command = ${initiator:self} teller
slots   = 4

[worker:mortal]
command = ${initiator:self} teller

[worker:closed]
command   = ${initiator:self} job sum
autostart = false
`

// credential is a way to make a request. The zero value has no token.
type credential struct {
	token  string
	socket bool // over the unix socket
}

// The columns of the matrix.
const (
	none = iota
	wrong
	rotated   // a token of the API that was replaced
	ended     // the token of a worker whose process has ended
	owner     // the own token of a living worker
	apiClient // the token of the API
	socket    // the unix socket, without a token
	columns
)

var columnNames = [columns]string{"none", "wrong", "rotated", "ended", "owner", "client", "socket"}

// authorityTest is a running initiator with credentials of each kind.
type authorityTest struct {
	t           *testing.T
	in          *initiatortest.Server
	http        *http.Client // over TCP
	unix        *http.Client
	credentials [columns]credential
	other       credential // of a living worker of another pool
}

func newAuthorityTest(t *testing.T) *authorityTest {
	t.Helper()
	in := initiatortest.StartText(t, authorityINI, initiatortest.Only("owner", "other", "mortal", "closed"))
	a := &authorityTest{t: t, in: in, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, unix: overSocket(t, in).http}
	c := &a.credentials
	c[socket] = credential{socket: true}
	c[rotated] = credential{token: a.readToken()}
	a.expect(c[socket], "POST", "/api/v1/token/rotate", `{}`, http.StatusOK)
	c[apiClient] = credential{token: a.readToken()}
	c[wrong] = credential{token: strings.Repeat("w", len(c[apiClient].token))}
	c[owner], a.other, c[ended] = a.workerToken("owner"), a.workerToken("other"), a.workerToken("mortal")
	a.expect(c[socket], "POST", "/api/v1/workers/restart", `{"names":["mortal"]}`, http.StatusOK)
	return a
}

func (a *authorityTest) readToken() string {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join(a.in.Initiator().StateDir(), "token"))
	if err != nil {
		a.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (a *authorityTest) workerToken(pool string) (c credential) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.in.Call(pool+".token", nil)), &c.token); err != nil {
		a.t.Fatal(err)
	}
	return c
}

// send makes a request, and returns the status and, for an answer that has an end,
// the body.
func (a *authorityTest) send(c credential, method, path, body string, headers ...string) (int, string) {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	defer cancel()
	base, by := a.in.Initiator().URL(), a.http
	if c.socket {
		base, by = "http://initiator", a.unix
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
		req.Header.Set("Token", c.token) // of the webhooks
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := by.Do(req)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	if res.Header.Get("Content-Type") == "text/event-stream" {
		return res.StatusCode, "" // it has no end
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, string(text)
}

// expect makes a request, checks its status and returns the body.
func (a *authorityTest) expect(c credential, method, path, body string, status int) string {
	a.t.Helper()
	got, text := a.send(c, method, path, body)
	if got != status {
		a.t.Errorf("%s %s: %d, want %d: %s", method, path, got, status, text)
	}
	return text
}

// submit submits a task and returns its record.
func (a *authorityTest) submit(c credential, request string) (t task.Task) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.expect(c, "POST", "/api/v1/tasks", request, http.StatusCreated)), &t); err != nil {
		a.t.Fatal(err)
	}
	return t
}

// authorityRow is a request and the status that each credential gets.
type authorityRow struct {
	route    string // as api.Routes has it
	method   string // "" = of the route
	path     string // "" = of the route; of /api/v1 routes the parameters are filled in
	body     string
	statuses [columns]int
}

// clientsOnly are the statuses of a route that needs the authority of the API.
func clientsOnly(status int) [columns]int {
	return [columns]int{401, 401, 401, 401, 403, status, status}
}

// workersToo are the statuses of a route that a worker's own token opens as well.
func workersToo(status int) [columns]int {
	return [columns]int{401, 401, 401, 401, status, status, status}
}

// sessionsOnly are the statuses of the webhooks, as ding's master has them. They need
// the token of a session, which no credential here is.
var sessionsOnly = [columns]int{400, 403, 403, 403, 403, 403, 400}

const unknownTask = "/api/v1/tasks/0191d7a0-0000-7000-8000-000000000000"

// authorityRows are all routes. A request with effects has a body that is refused
// after the check of the authority.
func (a *authorityTest) authorityRows() []authorityRow {
	config := "/config/" + a.in.Worker("owner").GUID
	misspelt := `{"misspelt":1}`
	return []authorityRow{
		{route: "GET /stream", statuses: clientsOnly(400)},
		{route: "GET /api/v1/tasks/export", statuses: clientsOnly(200)},
		{route: "POST /api/v1/tasks/import", statuses: clientsOnly(200)},
		{route: "GET /api/v1/tasks/check", statuses: clientsOnly(200)},
		{route: "POST /api/v1/tasks/check/accept", body: `{}`, statuses: clientsOnly(200)},
		{route: "POST /api/v1/tasks", body: `{"pool":"closed"}`, statuses: workersToo(201)},
		{route: "POST /api/v1/tasks", body: `{"pool":"nowhere"}`, path: "/api/v1/tasks?wait=1s", statuses: workersToo(404)},
		{route: "GET /api/v1/tasks", statuses: clientsOnly(200)},
		{route: "POST /api/v1/tasks/retry", body: misspelt, statuses: clientsOnly(400)},
		{route: "GET /api/v1/tasks/events", path: "/api/v1/tasks/events?pool=closed", statuses: clientsOnly(200)},
		{route: "GET /api/v1/tasks/{id}/events", path: unknownTask + "/events", statuses: clientsOnly(404)},
		{route: "GET /api/v1/tasks/{id}", path: unknownTask, statuses: workersToo(404)},
		{route: "POST /api/v1/tasks/{id}/cancel", path: unknownTask + "/cancel", body: `{}`, statuses: workersToo(404)},
		{route: "POST /api/v1/tasks/{id}/retry", path: unknownTask + "/retry", body: `{}`, statuses: clientsOnly(404)},
		{route: "GET /api/v1/pools", statuses: clientsOnly(200)},
		{route: "POST /api/v1/pools/{verb:pause|resume}", path: "/api/v1/pools/pause", body: misspelt, statuses: clientsOnly(400)},
		{route: "GET /api/v1/workers", statuses: clientsOnly(200)},
		{route: "POST /api/v1/workers", body: misspelt, statuses: clientsOnly(400)},
		{route: "POST /api/v1/workers/{verb:start|stop|restart|reload|clear}", path: "/api/v1/workers/stop", body: misspelt, statuses: clientsOnly(400)},
		{route: "POST /api/v1/workers/signal", body: misspelt, statuses: clientsOnly(400)},
		{route: "POST /api/v1/workers/{name}/scale", path: "/api/v1/workers/closed/scale", body: misspelt, statuses: clientsOnly(400)},
		{route: "GET /api/v1/workers/{name}/why", path: "/api/v1/workers/closed/why", statuses: clientsOnly(200)},
		{route: "GET /api/v1/workers/{name}/logs", path: "/api/v1/workers/owner/logs", statuses: clientsOnly(200)},
		{route: "GET /api/v1/log", statuses: clientsOnly(404)}, // there is no file
		{route: "POST /api/v1/logs/reopen", body: misspelt, statuses: clientsOnly(400)},
		{route: "GET /api/v1/plan", statuses: clientsOnly(200)},
		{route: "POST /api/v1/reload", body: misspelt, statuses: clientsOnly(400)},
		{route: "GET /api/v1/events", statuses: clientsOnly(200)},
		{route: "GET /api/v1/status", statuses: clientsOnly(200)},
		{route: "GET /api/v1/backup", statuses: clientsOnly(200)},
		{route: "POST /api/v1/shutdown", body: misspelt, statuses: clientsOnly(400)},
		{route: "POST /api/v1/upgrade", body: misspelt, statuses: clientsOnly(400)},
		{route: "POST /api/v1/token/rotate", body: misspelt, statuses: clientsOnly(400)},
		{route: "POST /create", statuses: clientsOnly(400)},
		{route: "GET /job", statuses: clientsOnly(200)},
		{route: "GET /job/{guid}", path: "/job/" + a.in.Worker("owner").GUID, statuses: clientsOnly(200)},
		{route: "/config/", method: "GET", path: config, statuses: [columns]int{403, 403, 403, 403, 200, 403, 403}},
		{route: "/config/", method: "GET", path: "/config/" + a.in.Worker("other").GUID, statuses: [columns]int{403, 403, 403, 403, 403, 403, 403}},
		{route: "/config/", method: "POST", path: config, statuses: [columns]int{405, 405, 405, 405, 405, 405, 405}},
		{route: "/healthz", method: "GET", statuses: [columns]int{200, 200, 200, 200, 200, 200, 200}},
		{route: "/slave/heartbeat", method: "GET", body: `{}`, statuses: sessionsOnly},
		{route: "/slave/task/complete", method: "PUT", body: `{}`, statuses: sessionsOnly},
		{route: "/slave/task/fail", method: "PUT", body: `{}`, statuses: sessionsOnly},
		{route: "/ping", method: "GET", statuses: [columns]int{400, 403, 403, 403, 403, 200, 400}},
		// With the token of the API, DELETE would end the initiator.
		{route: "/shutdown", method: "GET", statuses: [columns]int{405, 405, 405, 405, 405, 405, 405}},
	}
}

// TestAuthorityOfEveryRoute makes a request of every route with every kind of
// credential. A new route has to be in the table.
func TestAuthorityOfEveryRoute(t *testing.T) {
	t.Parallel()
	a := newAuthorityTest(t)
	rows := a.authorityRows()
	routes, err := api.Routes()
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range routes {
		if !slices.ContainsFunc(rows, func(r authorityRow) bool { return r.route == route }) {
			t.Errorf("authorityRows has no row for %s", route)
		}
	}
	for _, r := range rows {
		if !slices.Contains(routes, r.route) {
			t.Errorf("there is no route %s", r.route)
		}
		method, path, ok := strings.Cut(r.route, " ")
		if !ok {
			method, path = r.method, r.route
		}
		if r.path != "" {
			path = r.path
		}
		for i, c := range a.credentials {
			var headers []string
			if strings.HasPrefix(path, "/slave/") {
				headers = []string{"Channel", "0"}
			}
			if status, body := a.send(c, method, path, r.body, headers...); status != r.statuses[i] {
				t.Errorf("%s %s with %s: %d, want %d: %.200s", method, path, columnNames[i], status, r.statuses[i], body)
			}
		}
	}
	for _, i := range []int{none, wrong, rotated, ended, owner, socket} {
		if status, body := a.send(a.credentials[i], "DELETE", "/shutdown", ""); status != 400 && status != 403 {
			t.Errorf("DELETE /shutdown with %s: %d: %s", columnNames[i], status, body)
		}
	}
	a.expect(a.credentials[apiClient], "DELETE", "/shutdown", "", 200)
	select {
	case <-a.in.Initiator().Ending():
	case <-time.After(testlength.Patience):
		t.Error("the initiator does not end")
	}
}
