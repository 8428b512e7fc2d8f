//go:build unix

package ding

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func refused(http, code int, message string) string {
	return fmt.Sprintf(`%d {"success":false,"code":%d,"message":%q,"data":null}`, http, code, message)
}

func success(message string) string {
	return fmt.Sprintf(`200 {"success":true,"code":0,"message":%q,"data":null}`, message)
}

// TestMasterByteForByte checks every code of the master.
func TestMasterByteForByte(t *testing.T) {
	m := start(t, MasterOptions{Channel: 3})
	s := newRawSlave(t)
	connect(t, m, "a", s.URL)
	const channel = "Channel: 3"
	session, own := "Token: "+s.token.Load().(string), "Token: "+m.token
	task := `{"task":{"id":"5a6fa3b8-4f9c-4ed5-8a0b-6a3f0e0f8f7a"},"result":{}}`
	steps := []struct {
		name, method, path string
		header             []string
		body, want         string
	}{
		{"ping", "GET", "/ping", []string{own}, "{}", success("PONG!")},
		{"ping without a token", "GET", "/ping", nil, "{}", refused(400, 401, "Own token not found.")},
		{"ping with a wrong one", "GET", "/ping", []string{session}, "{}", refused(403, 402, "Own token not match with this endpoint.")},
		{"shutdown with a wrong token", "DELETE", "/shutdown", []string{session}, "{}", refused(403, 402, "Own token not match with this endpoint.")},
		{"heartbeat", "GET", "/slave/heartbeat", []string{channel, session}, "{}", success("Received!")},
		{"heartbeat without a body", "GET", "/slave/heartbeat", []string{channel, session}, "", success("Received!")},
		{"heartbeat without a channel", "GET", "/slave/heartbeat", []string{session}, "{}", refused(400, 201, "Channel not found.")},
		{"heartbeat on another channel", "GET", "/slave/heartbeat", []string{"Channel: 0", session}, "{}", refused(403, 202, "Channel not match with this endpoint.")},
		{"heartbeat without a token", "GET", "/slave/heartbeat", []string{channel}, "{}", refused(400, 501, "Slave token not found.")},
		{"heartbeat of a stranger", "GET", "/slave/heartbeat", []string{channel, own}, "{}", refused(403, 502, "Slave token not match with any slave.")},
		{"a result nobody waits for", "PUT", "/slave/task/complete", []string{channel, session}, task, success("Result received!")},
		{"a failure nobody waits for", "PUT", "/slave/task/fail", []string{channel, session}, task, success("Result received!")},
		{"a result without a task", "PUT", "/slave/task/complete", []string{channel, session}, `{"result":{}}`, refused(200, 601, "Task ID not found.")},
		{"a result that is no JSON", "PUT", "/slave/task/complete", []string{channel, session}, `{`, refused(200, 601, "the body is not the JSON expected here: unexpected end of JSON input")},
		{"a path that is none", "GET", "/", []string{channel, session}, ``, refused(404, 704, "No such path.")},
	}
	for _, s := range steps {
		if got := exchange(t, m.MyAddress(), s.method, s.path, s.header, s.body); got != s.want {
			t.Errorf("%s:\ngot  %s\nwant %s", s.name, got, s.want)
		}
	}
}

// TestRequestsOfMasterByteForByte: the original's slave demands each of these
// members.
func TestRequestsOfMasterByteForByte(t *testing.T) {
	m := start(t, MasterOptions{Hooks: Hooks{
		BeforeConnect:    func(*Connection) (any, error) { return map[string]int{"k": 1}, nil },
		BeforeDisconnect: func(*Connection) (any, error) { return nil, nil },
	}})
	s := newRawSlave(t)
	c := connect(t, m, "a", s.URL)
	task := c.NewTask(map[string]int{"a": 2}).Start(within(t))
	s.send("PUT", "/slave/task/complete", `{"task": {"id": "`+task.ID()+`"}, "result": {"sum": 5}}`)
	if result, err := task.Join(within(t)); string(result) != `{"sum": 5}` || err != nil {
		t.Error(string(result), err)
	}
	if err := c.Disconnect(within(t)); err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		`POST /connect {"master":{"address":"` + m.MyAddress() + `"},"data":{"k":1}}`,
		`POST /task/new {"task":{"id":"` + task.ID() + `"},"data":{"a":2}}`,
		`DELETE /disconnect {"data":{}}`,
	} {
		if got := await(t, s.got, want); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestEndingMasterAnswersShuttingDown(t *testing.T) {
	m := NewMaster(MasterOptions{})
	m.cancelLife()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/slave/heartbeat", nil))
	if got := fmt.Sprint(w.Code, " ", w.Body); got != refused(401, 101, "System has already been shutting down.") {
		t.Error(got)
	}
}

func TestStatesHaveDingsNumbersAndNames(t *testing.T) {
	var got []string
	for _, s := range []Status{Idle, Starting, Started, StartFailed, Completed, Failed, 7} {
		got = append(got, fmt.Sprintf("%#02x %s", int(s), s))
	}
	want := "0x00 IDLE,0x11 STARTING,0x12 STARTED,0x13 START_FAILED,0x21 COMPLETED,0x22 FAILED,0x07 Status(7)"
	if strings.Join(got, ",") != want {
		t.Error(got)
	}
}
