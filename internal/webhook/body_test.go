package webhook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestReadBody(t *testing.T) {
	const limit = 2 << 20
	long := strings.Repeat("x", limit)
	unsized := func(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }
	tests := []struct {
		name string
		body io.Reader
		want Code
		size int
	}{
		{"none", nil, Success, 0},
		{"small", strings.NewReader("{}"), Success, 2},
		{"small, of unknown length", unsized("{}"), Success, 2},
		{"just the limit", strings.NewReader(long), Success, limit},
		{"just the limit, of unknown length", unsized(long), Success, limit},
		{"one more", strings.NewReader(long + "x"), BodyTooLarge, 0},
		{"one more, of unknown length", unsized(long + "x"), BodyTooLarge, 0},
		{"broken off", io.MultiReader(strings.NewReader("{"), broken{io.ErrUnexpectedEOF}), BadBody, 0},
		{"too slow", broken{os.ErrDeadlineExceeded}, BodyTimeout, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", tt.body)
			data, code := ReadBody(httptest.NewRecorder(), r, limit)
			if tt.want == BodyTooLarge {
				tt.want.Message = "The body is too large: at most 2 MiB are allowed."
			}
			if code != tt.want || code.OK() && len(data) != tt.size {
				t.Errorf("got %d bytes, %+v", len(data), code)
			}
		})
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestALargeContentLengthIsNotAllocatedInAdvance(t *testing.T) {
	data, err := readAll(strings.NewReader("{}"), 1<<60)
	if err != nil || cap(data) > 2*trustedLength {
		t.Errorf("%d bytes allocated, %v", cap(data), err)
	}
}

func TestDecode(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		name, body string
		ok         bool
	}{
		{"nothing", "", true},
		{"an object", `{"data":{"a":1}}`, true},
		{"not JSON", `{"data":`, false},
		{"something after it", `{} {}`, false},
		{"another type", `[1]`, false},
		{"not UTF-8", "{\"data\":\"\xff\"}", false},
		{"deep", `{"data":` + nested(9000) + `}`, true},
		{"100,000 deep", `{"data":` + nested(100000) + `}`, false},
		{"100,000 deep and unfinished", `{"data":` + strings.Repeat("[", 100000), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v struct{ Data json.RawMessage }
			if err := DecodeBody([]byte(tt.body), &v); (err == nil) != tt.ok {
				t.Error(err)
			}
		})
	}
}

// FuzzDecode: what passes is valid UTF-8 and can be handed on as JSON.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"task":{"id":"a"},"data":{}}`, `{"data":null}`, `{"task":{"deadline":"x"}}`, "\xff", `[[[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var body TaskBody
		if DecodeBody(data, &body) != nil {
			return
		}
		if again := marshal(body); !json.Valid(again) {
			t.Errorf("%q became %q", data, again)
		}
	})
}

// A long body is copied few times while it is read, because each copy is garbage.
func TestReadAllCopiesLittle(t *testing.T) {
	const length = 32 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := readAll(io.LimitReader(zeros{}, length), length)
	runtime.ReadMemStats(&after)
	if err != nil || len(got) != length {
		t.Errorf("%d bytes: %v", len(got), err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 2*length {
		t.Errorf("%d MiB were allocated for %d", took>>20, length>>20)
	}
}

// zeros is a reader of zeros without an end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) { return len(p), nil }
