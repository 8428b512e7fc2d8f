package bounds

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheckNesting(t *testing.T) {
	arrays := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	objects := func(depth int) string {
		return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	}
	for _, c := range []struct {
		name, text string
		deep       bool
	}{
		{"arrays at the limit", arrays(Nesting), false},
		{"one array more", arrays(Nesting + 1), true},
		{"objects at the limit", objects(Nesting), false},
		{"one object more", objects(Nesting + 1), true},
		{"many beside each other", "[" + strings.Repeat("[],", 2*Nesting) + "[]]", false},
		{"brackets in a string", `"` + strings.Repeat("[", 2*Nesting) + `"`, false},
		{"an escaped quote", `["\"` + strings.Repeat("[", 2*Nesting) + `"]`, false},
		{"an escaped backslash before the end of a string", `["\\",` + arrays(Nesting) + `]`, true},
		{"no JSON", `"` + strings.Repeat(`\`, 2*Nesting+1), false},
		{"empty", "", false},
	} {
		if got := CheckNesting([]byte(c.text)) != nil; got != c.deep {
			t.Errorf("%s: %v, want %v", c.name, got, c.deep)
		}
	}
}

// FuzzCheckNesting compares the depth with that of the tokens of encoding/json.
func FuzzCheckNesting(f *testing.F) {
	for _, seed := range []string{`[`, `{"a":[]}`, `["\"]",{}]`, `"\\"`} {
		f.Add([]byte(seed), 999)
	}
	f.Fuzz(func(t *testing.T, inner []byte, outer int) {
		if !json.Valid(inner) || outer < 0 || outer > Nesting+1 {
			return
		}
		text := []byte(strings.Repeat("[", outer) + string(inner) + strings.Repeat("]", outer))
		if got, want := CheckNesting(text) != nil, depthOf(t, text) > Nesting; got != want {
			t.Errorf("%d arrays around %s: %v, want %v", outer, inner, got, want)
		}
	})
}

func depthOf(t *testing.T, text []byte) (deepest int) {
	t.Helper()
	in, depth := json.NewDecoder(strings.NewReader(string(text))), 0
	for {
		token, err := in.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
			deepest = max(deepest, depth)
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}

func BenchmarkCheckNesting(b *testing.B) {
	text := []byte("[" + strings.Repeat(`{"name":"adder","numbers":[1,2,3]},`, 30_000) + "1]")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if CheckNesting(text) != nil {
			b.Fatal("too deep")
		}
	}
}
