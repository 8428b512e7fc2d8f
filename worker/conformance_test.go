//go:build unix

package worker

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// exchange sends raw bytes, as the Python client writes them (no Content-Type,
// a body with GET), and returns the status and body of the answer.
func exchange(t *testing.T, addr, method, path string, header []string, body string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, addr)
	for _, h := range header {
		b.WriteString(h + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := io.WriteString(conn, b.String()); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, answer)
}

func refused(http, code int, message string) string {
	return fmt.Sprintf(`%d {"success":false,"code":%d,"message":%q,"data":null}`, http, code, message)
}

func success(message string) string {
	return fmt.Sprintf(`200 {"success":true,"code":0,"message":%q,"data":null}`, message)
}

// TestWebhooksByteForByte leads one worker through every code of the contract.
// Each row starts in the state that the earlier rows have left.
func TestWebhooksByteForByte(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{Channel: 3, Connect: "token"})
	const (
		channel = "Channel: 3"
		session = "Token: s3ssion"
		own     = "Token: own-token"
		bearer  = "Authorization: Bearer own-token"
	)
	connect := `{"master":{"address":"` + m.URL + `"},"data":{}}`
	task := `{"task":{"id":"5a6fa3b8-4f9c-4ed5-8a0b-6a3f0e0f8f7a","method":"wait"},"data":{}}`
	steps := []struct {
		name, method, path string
		header             []string
		body, want         string
	}{
		{"ping without a token", "GET", "/ping", []string{channel}, "", refused(400, 401, "Own token not found.")},
		{"ping with a wrong one", "GET", "/ping", []string{channel, "Token: no"}, "", refused(403, 402, "Own token not match with this endpoint.")},
		{"ping on another channel", "GET", "/ping", []string{"Channel: 4", own}, "", refused(403, 202, "Channel not match with this endpoint.")},
		{"shutdown without a token", "DELETE", "/shutdown", []string{channel}, "", refused(400, 401, "Own token not found.")},
		{"shutdown with the session's token", "DELETE", "/shutdown", []string{channel, session}, "", refused(403, 402, "Own token not match with this endpoint.")},

		{"connect without a channel", "POST", "/connect", []string{session, bearer}, connect, refused(400, 201, "Channel not found.")},
		{"connect on another channel", "POST", "/connect", []string{"Channel: 0", session, bearer}, connect, refused(403, 202, "Channel not match with this endpoint.")},
		{"connect without a session token", "POST", "/connect", []string{channel, bearer}, connect, refused(400, 301, "Master token not found.")},
		{"connect with an empty one", "POST", "/connect", []string{channel, "Token:", bearer}, connect, refused(400, 301, "Master token not found.")},
		{"connect without the bearer", "POST", "/connect", []string{channel, session}, connect, refused(400, 401, "Own token not found.")},
		{"connect with another scheme", "POST", "/connect", []string{channel, session, "Authorization: Basic own-token"}, connect, refused(400, 401, "Own token not found.")},
		{"connect with a wrong bearer", "POST", "/connect", []string{channel, session, "Authorization: Bearer no"}, connect, refused(403, 402, "Own token not match with this endpoint.")},
		{"connect without an address", "POST", "/connect", []string{channel, session, bearer}, `{}`, refused(400, 701, `master.address is ""; send the master's URL, such as http://127.0.0.1:7235`)},
		{"disconnect before connect", "DELETE", "/disconnect", []string{channel, session}, `{"data":{}}`, refused(400, 502, "This slave not connected yet.")},
		{"a task before connect", "POST", "/task/new", []string{channel, session}, task, refused(403, 302, "Master not match with this endpoint.")},
		{
			"connect", "POST", "/connect",
			[]string{channel, session, bearer},
			connect,
			`200 {"success":true,"code":0,"message":"Connect success.","data":{"slots":1,"methods":["echo","sum","wait"],"incarnation":1,"protocol":1,"stream":true}}`,
		},
		{"connect again", "POST", "/connect", []string{channel, session, bearer}, connect, refused(400, 501, "This slave already connected.")},

		{"a task without a channel", "POST", "/task/new", []string{session}, task, refused(400, 201, "Channel not found.")},
		{"a task without a token", "POST", "/task/new", []string{channel}, task, refused(400, 301, "Master token not found.")},
		{"a task with a stale token", "POST", "/task/new", []string{channel, "Token: stale"}, task, refused(403, 302, "Master not match with this endpoint.")},
		{"a task without an id", "POST", "/task/new", []string{channel, session}, `{"data":{}}`, refused(400, 701, "task.id is missing or longer than 255 bytes")},
		{"a task", "POST", "/task/new", []string{channel, session}, task, success("Task received!")},
		{"the same again", "POST", "/task/new", []string{channel, session}, task, success("Task received!")},
		{"another, without a slot", "POST", "/task/new", []string{channel, session}, `{"task":{"id":"2"},"data":{}}`, refused(400, 601, "No free slot.")},

		{"a path that is none", "GET", "/", []string{channel, session}, "", refused(404, 704, "No such path.")},
		{"a method that is none", "GET", "/task/new", []string{channel, session}, "", refused(405, 705, "This path does not take this method.")},
		{"disconnect with a stale token", "DELETE", "/disconnect", []string{channel, "Token: stale"}, `{"data":{}}`, refused(403, 302, "Master not match with this endpoint.")},
		{"disconnect", "DELETE", "/disconnect", []string{channel, session}, `{"data":{}}`, success("Disconnect success.")},
		{"disconnect again", "DELETE", "/disconnect", []string{channel, session}, `{"data":{}}`, refused(400, 502, "This slave not connected yet.")},
		{"a task after it", "POST", "/task/new", []string{channel, session}, task, refused(403, 302, "Master not match with this endpoint.")},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if got := exchange(t, p.addr, s.method, s.path, s.header, s.body); got != s.want {
				t.Errorf("got  %s\nwant %s", got, s.want)
			}
		})
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	p := launch(t, Options{Slots: 2})
	proof := proofOf(p, "n0nce")
	tests := []struct {
		name   string
		header []string
		want   string // a part of the answer
	}{
		{"the token alone, as the original sends it", []string{"Token: own-token"}, `"message":"PONG!","data":{"guid":"a1b2","incarnation":1,"pid":`},
		{"what it tells", []string{"Token: own-token"}, `"methods":["echo","sum","wait"],"slots":2,"protocol":1}}`},
		{"a nonce alone", []string{"Nonce: n0nce"}, `200 {"success":true,"code":0,"message":"PONG!","data":{"proof":"` + proof + `"}}`},
		{"both", []string{"Token: own-token", "Nonce: n0nce"}, `"protocol":1,"proof":"` + proof + `"}}`},
		{"a nonce does not help a wrong token", []string{"Token: no", "Nonce: n0nce"}, `"code":402`},
		{"a nonce does not help a wrong channel", []string{"Channel: 9", "Nonce: n0nce"}, `"code":202`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := exchange(t, p.addr, "GET", "/ping", tt.header, "{}")
			if !strings.Contains(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestInvalidBodiesAreRefused sends every kind of invalid body to every path
// that takes a body.
func TestInvalidBodiesAreRefused(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{Channel: 0, BodyLimit: 1 << 20})
	p.connect(m)
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	bodies := []struct{ name, body, status string }{
		{"not JSON", `{"task":`, "400"},
		{"another type", `[1,2]`, "400"},
		{"100,000 deep", `{"data":` + deep + `}`, "400"},
		{"not UTF-8", "{\"data\":\"\xff\xfe\"}", "400"},
		{"over the limit", `{"data":"` + strings.Repeat("x", 1<<20) + `"}`, "413"},
	}
	paths := []struct{ method, path, token string }{
		{"POST", "/connect", "x"}, {"DELETE", "/disconnect", m.session}, {"POST", "/task/new", m.session},
	}
	for _, path := range paths {
		for _, b := range bodies {
			t.Run(path.path+" "+b.name, func(t *testing.T) {
				got := exchange(t, p.addr, path.method, path.path, []string{"Channel: 0", "Token: " + path.token}, b.body)
				if !strings.HasPrefix(got, b.status+` {"success":false,"code":7`) {
					t.Errorf("got %.200s, want status %s", got, b.status)
				}
			})
		}
	}
	p.give(m, "1", "sum", `{"a":1,"b":2}`) // the worker still works
	m.wantResult(t, `1 complete {"sum":3}`)
}

// TestUnfinishedRequestDoesNotBlockWorker: a client that never finishes its
// request gets an answer or is disconnected, and the worker goes on.
func TestUnfinishedRequestDoesNotBlockWorker(t *testing.T) {
	p := launch(t, Options{ReadTimeout: minHeartbeatSpan})
	for _, start := range []string{
		"POST /task/new HTTP/1.1\r\nHost: x\r\nChan",
		"POST /connect HTTP/1.1\r\nHost: x\r\nChannel: 0\r\nToken: s\r\nContent-Length: 1000\r\n\r\n{",
	} {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, start); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil { // returns when the worker closes the connection
			t.Error(err)
		}
	}
	p.mustCall(codeOK, "GET", "/ping", p.token, nil)
}
