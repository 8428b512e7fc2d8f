package jsonappend

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestAppendStringIsMarshal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`)).Draw(t, "s")
		want, err := json.Marshal(s)
		if got := AppendString(nil, s); err != nil || string(got) != string(want) {
			t.Fatalf("%q is appended as %s, and json.Marshal returns %s, %v", s, got, want, err)
		}
	})
}
