//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"initiator/internal/contentcoding"
	"initiator/worker/call"
)

// directHandlers are methods with dotted names, like the methods of toto's
// modules.
func directHandlers() []Handler {
	fail := func(name string, err error) Handler {
		return HandleRaw(name, func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, err })
	}
	return []Handler{
		HandleRaw("account.balance", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return data, nil }),
		fail("fail.text", errTest),
		fail("fail.toto", TaskFail{Data: map[string]any{"code": 4242, "value": "Test Toto Exception"}}),
		fail("fail.data", TaskFail{Data: map[string]any{"n": 1}}),
	}
}

const bearer = "Authorization: Bearer own-token"

// TestDirectListenerByteForByte checks the requests of toto's client and of
// curl, and the exact answers.
func TestDirectListenerByteForByte(t *testing.T) {
	t.Parallel()
	p := launch(t, Options{Handlers: directHandlers(), BodyLimit: 1 << 10})
	fault := func(code, value string) string { return `{"error":{"code":` + code + `,"value":` + value + `}}` }
	tests := []struct {
		name   string
		header []string
		body   string
		want   string
	}{
		{"toto", []string{bearer, "Content-Type: application/json", "Accept-Encoding: gzip"}, `{"parameters": {"b": 1, "a": 2}, "method": "account.balance"}`, `200 {"b": 1, "a": 2}`},
		{"without a content type", []string{bearer}, `{"method":"account.balance","parameters":[1]}`, `200 [1]`},
		{"with a charset", []string{bearer, "Content-Type: application/json; charset=utf-8"}, `{"method":"account.balance","parameters":"✓"}`, `200 "✓"`},
		{"without parameters", []string{bearer}, `{"method":"account.balance"}`, `200 null`},
		{"no such method", []string{bearer}, `{"method":"bad.method"}`, `404 ` + fault("1000", `"no method \"bad.method\"; this worker has account.balance, fail.data, fail.text, fail.toto"`)},
		{"no method", []string{bearer}, `{}`, `404 ` + fault("1000", `"no method \"default\"; this worker has account.balance, fail.data, fail.text, fail.toto"`)},
		{"a failure", []string{bearer}, `{"method":"fail.text"}`, `500 ` + fault("1000", `"a test's error"`)},
		{"toto's exception", []string{bearer}, `{"method":"fail.toto"}`, `500 ` + fault("4242", `"Test Toto Exception"`)},
		{"a failure with data", []string{bearer}, `{"method":"fail.data"}`, `500 ` + fault("1000", `{"n":1}`)},
		{"pickle", []string{bearer, "Content-Type: application/pickle"}, "(dp0\n.", `415 ` + fault("1000", `"the content type \"application/pickle\" is not spoken here; send application/json"`)},
		{"an unknown encoding", []string{bearer, "Content-Encoding: br"}, "", `415 ` + fault("1000", `"the content encoding \"br\" is not known here; use gzip or zstd"`)},
		{"not gzip", []string{bearer, "Content-Encoding: gzip"}, "{}", `400 ` + fault("1000", `"decompress gzip: unexpected EOF"`)},
		{"not JSON", []string{bearer}, "{", `400 ` + fault("1000", `"the body is not the JSON expected here: unexpected end of JSON input"`)},
		{"too large", []string{bearer}, strings.Repeat(" ", 1<<10+1), `413 ` + fault("1000", `"The body is too large: at most 1024 bytes are allowed."`)},
		{"without a token", nil, `{"method":"account.balance"}`, `401 ` + fault("1004", `"Own token not found. Send Authorization: Bearer with the worker's token, or set direct = open."`)},
		{"with a wrong one", []string{"Authorization: Bearer no"}, `{"method":"account.balance"}`, `401 ` + fault("1004", `"Own token not match with this endpoint. Send Authorization: Bearer with the worker's token, or set direct = open."`)},
	}
	for _, tt := range tests {
		if got := exchange(t, p.addr, "POST", "/", tt.header, tt.body); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestDirectCallsAreNotRemembered: they would displace tasks that can be sent
// again.
func TestDirectCallsAreNotRemembered(t *testing.T) {
	t.Parallel()
	e := newTestExecutor(t, 1, Hooks{}, nothing)
	for range 3 {
		run, err := e.startTask(t.Context(), nil, Task{ID: "direct-1", unrepeatable: true})
		if err != nil {
			t.Fatal(err)
		}
		<-run.doneChannel()
	}
	<-e.startDrain()
	if len(e.known) != 0 || e.finished.count() != 0 {
		t.Errorf("%d known, %d remembered", len(e.known), e.finished.count())
	}
}

func TestInvalidDirectSettingsAreErrors(t *testing.T) {
	t.Parallel()
	for _, g := range []startConfig{
		{directMode: "maybe", compression: "none", addr: "127.0.0.1"},
		{directMode: "open", compression: "none", addr: "0.0.0.0"},
		{directMode: "token", compression: "lzma", addr: "0.0.0.0"},
	} {
		if faults := g.validateDirect(); len(faults) != 1 {
			t.Errorf("%+v: %v", g, faults)
		}
	}
}

// TestDirectCallsWithCompression: a Content-Encoding names the compression of
// a body. Without one direct_compression does, and the answer is plain, as
// toto's client expects.
func TestDirectCallsWithCompression(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("compress me ", 1000) + `"`
	call := `{"method":"account.balance","parameters":` + large + `}`
	for _, plain := range contentcoding.All {
		p := launch(t, Options{Handlers: directHandlers(), DirectCompression: plain})
		for _, coding := range contentcoding.All {
			body, err := contentcoding.Encode(coding, []byte(call))
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{"Authorization": {"Bearer own-token"}, "Accept-Encoding": {"gzip, zstd;q=0.5"}}
			if coding == contentcoding.Gzip || coding == contentcoding.Zstd {
				header.Set("Content-Encoding", coding)
			} else if coding != plain {
				continue // direct_compression names another coding
			}
			res := p.post(t.Context(), body, header)
			answer, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			wrapped, _ := contentcoding.Parse(res.Header.Get("Content-Encoding"))
			if wrapped != header.Get("Content-Encoding") && header.Get("Content-Encoding") != "" {
				t.Errorf("%s in %s: answered in %q", coding, plain, wrapped)
			}
			if answer, err = contentcoding.Decode(wrapped, answer, 1<<20); err != nil || string(answer) != large {
				t.Errorf("%s in %s: %d %.80s %v", coding, plain, res.StatusCode, answer, err)
			}
		}
	}
}

// FuzzDirect: for every body the answer is JSON, and its status is one of
// those that the contract allows.
func FuzzDirect(f *testing.F) {
	for _, body := range []string{`{"method":"account.balance","parameters":1}`, `{"method":"fail.text"}`, `{`, `[]`, `{"method":1}`, "\xff", `{"method":"x","parameters":{"a":` + strings.Repeat("[", 50)} {
		f.Add(body, "application/json", "")
	}
	f.Add("(dp0", "application/pickle", "gzip")
	table, err := newMethodTable(directHandlers())
	if err != nil {
		f.Fatal(err)
	}
	o := Options{}.withDefaults()
	s, end := newServer(startConfig{slots: 4, directMode: "open", compression: contentcoding.None}, o, table)
	f.Cleanup(func() { end(errDrained) })
	f.Fuzz(func(t *testing.T, body, kind, coding string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Host = "localhost"
		r.Header["Content-Type"], r.Header["Content-Encoding"] = []string{kind}, []string{coding}
		s.ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		switch w.Code {
		case 200, 400, 404, 415, 500:
		default:
			t.Errorf("status %d for %q", w.Code, body)
		}
	})
}

// gobCodec stands for any serialization that a program may bring.
type gobCodec struct{}

func init() { gob.Register(map[string]any{}) }

func (gobCodec) MIME() string { return "application/x-gob" }

func (gobCodec) Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(&v)
	return b.Bytes(), err
}

func (gobCodec) Unmarshal(data []byte, v any) error {
	var value any
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&value); err != nil {
		return err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

func TestOtherCodecs(t *testing.T) {
	t.Parallel()
	p := launch(t, Options{Handlers: directHandlers(), Codecs: []call.Codec{gobCodec{}}})
	for method, want := range map[string]string{"account.balance": `{"a":1.5}`, "fail.text": `{"error":{"code":1000,"value":"a test's error"}}`} {
		body, err := gobCodec{}.Marshal(map[string]any{"method": method, "parameters": map[string]any{"a": 1.5}})
		if err != nil {
			t.Fatal(err)
		}
		res := p.post(t.Context(), body, http.Header{"Authorization": {"Bearer own-token"}, "Content-Type": {"application/x-gob"}})
		answer, _ := io.ReadAll(res.Body)
		res.Body.Close()
		var got json.RawMessage
		if err := (gobCodec{}).Unmarshal(answer, &got); err != nil || string(got) != want {
			t.Errorf("%s: %d %s %v", method, res.StatusCode, got, err)
		}
	}
}

// TestRefusedCallHasRetryAfter, so that the caller asks another worker
// meanwhile.
func TestRefusedCallHasRetryAfter(t *testing.T) {
	p := launch(t, Options{Handlers: directHandlers(), Hooks: Hooks{BeforeTask: func(context.Context, Task) error {
		return TaskRefuse{Data: "no licence", RetryAfter: 2500 * time.Millisecond}
	}}})
	res := p.post(t.Context(), []byte(`{"method":"account.balance"}`), http.Header{"Authorization": {"Bearer own-token"}})
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != 503 || res.Header.Get("Retry-After") != "3" || !strings.Contains(string(body), `"retry_after":2.5`) {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, body)
	}
}

// TestCallMayTakeLongerThanReadTimeout: the deadlines of the server limit the
// time to transfer bytes.
func TestCallMayTakeLongerThanReadTimeout(t *testing.T) {
	over := make(chan struct{})
	h := HandleRaw("slow", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		select {
		case <-over:
			return json.RawMessage("1"), nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})
	p := launch(t, Options{Handlers: []Handler{h}, ReadTimeout: 300 * time.Millisecond})
	time.AfterFunc(600*time.Millisecond, func() { close(over) })
	if status, body := p.direct(`{"method":"slow"}`); status != 200 || body != "1" {
		t.Errorf("%d %s", status, body)
	}
}
