package strictjson

import (
	"encoding/json"
	"fmt"
	"testing"
	"unicode/utf8"
)

// shared is embedded in target, so that its fields are members of target.
type shared struct {
	Both int `json:"both"`
}

type target struct {
	shared
	ID     string          `json:"id,omitempty"`
	Data   json.RawMessage `json:"data"`
	Secret string          `json:"-"`
	Plain  int
	own    int //nolint:unused // encoding/json leaves it out
}

func TestCheckMembers(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{}`, ""},
		{` {"id":"}","data":{"x":[{"y":"\"}{"}]},"Plain":1,"both":2} `, ""},
		{`{"\u0069d":"x"}`, ""},
		{`null`, ""},
		{`{"id" :"x", "data": [{"idd":1}] , "dat":1}`, `unknown member "dat"; did you mean "data"?`},
		{`{"ID":"x"}`, `unknown member "ID"; did you mean "id"?`},
		{`{"plain":1}`, `unknown member "plain"; did you mean "Plain"?`},
		{`{"Secret":"x"}`, `unknown member "Secret"; known names: both, id, data, Plain`},
		{`{"":1}`, `unknown member ""; known names: both, id, data, Plain`},
		{`{"id":"x","i\u0064":"y"}`, `member "id" is given twice`},
		{`{"a\"b\n":1}`, `unknown member "a\"b\n"; known names: both, id, data, Plain`},
	} {
		var v target
		if err := json.Unmarshal([]byte(c.data), &v); err != nil {
			t.Fatalf("%s: %v", c.data, err)
		}
		got := ""
		if err := CheckMembers([]byte(c.data), &v); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.data, got, c.want)
		}
	}
	if err := CheckMembers([]byte(`{"x":1}`), &struct{}{}); fmt.Sprint(err) != `unknown member "x"; no members are expected here` {
		t.Error(err)
	}
}

// FuzzCheckMembers compares the names with those that encoding/json finds.
func FuzzCheckMembers(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":"c"},"d":["e",{"f":1}]}`, `{"\"":"\\","x":"\\\""}`, `[{"a":1}]`, `{"a":1,"a":2}`, ` { } `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want map[string]json.RawMessage
		if !utf8.Valid(data) || json.Unmarshal(data, &want) != nil {
			return
		}
		got := map[string]bool{}
		_ = eachMember(data, func(name []byte) error { got[string(name)] = true; return nil })
		for name := range want {
			if !got[name] {
				t.Errorf("%s: member %q is not found", data, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", data, got, want)
		}
	})
}
