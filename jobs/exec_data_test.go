package jobs

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestStdinOf(t *testing.T) {
	for data, want := range map[string]string{
		``: ``, `null`: `null`, `{"a": 1}`: `{"a": 1}`, `"text"`: `"text"`,
		`"data:,plain"`:                      `"data:,plain"`,
		`"data:text/plain;base64,aGVsbG8="`:  `hello`,
		`"data:text/plain;base64,no base64"`: `"data:text/plain;base64,no base64"`,
	} {
		if got := stdinOf(json.RawMessage(data)); string(got) != want {
			t.Errorf("%s is %s, want %s", data, got, want)
		}
	}
}

// FuzzResultOf: every output becomes a result, and no byte of it is lost.
func FuzzResultOf(f *testing.F) {
	for _, seed := range []string{"", "1", "hello\n", "{\"a\":\n1}\n", "\xff\x00", "\"data:x;base64,aGk=\"", "\u2028<"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		got := resultOf(out)
		var s string
		switch {
		case !json.Valid(got):
			t.Fatalf("%q gives %s, which is not JSON", out, got)
		case bytes.Equal(got, bytes.TrimSpace(out)):
		case json.Unmarshal(got, &s) != nil:
			t.Fatalf("%q gives %s", out, got)
		case strings.HasPrefix(s, "data:") && bytes.Equal(stdinOf(got), out):
		case s != strings.TrimSuffix(string(out), "\n"):
			t.Fatalf("%q gives %q", out, s)
		}
	})
}

// FuzzLineOf: all data becomes one line with the same JSON.
func FuzzLineOf(f *testing.F) {
	f.Add([]byte("{\n\"a\":1}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		line := lineOf(data)
		if bytes.Count(line, []byte("\n")) != 1 || !json.Valid(line) {
			t.Errorf("%q is %q", data, line)
		}
	})
}
