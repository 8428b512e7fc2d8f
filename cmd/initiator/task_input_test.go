package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"initiator/cmd/initiator/internal/terminal"
)

// What standard input is: a task in each line, or one document.
func TestReadTaskInput(t *testing.T) {
	for text, want := range map[string][]string{
		"1\n2\n":           {"1", "2"},
		"\n\n1\n\n\n2":     {"1", "2"},
		"{\"a\":1}":        {`{"a":1}`},
		"1\nnot\n3\n":      {"1", "2: the line is not JSON", "3"},
		"{\n\"a\": 1\n}":   nil,
		"not\n1\n":         nil,
		"":                 {},
		"\n \n":            {},
		"[1,\n2]\n[3,4]\n": nil,
	} {
		many, rest, err := readTaskInput(strings.NewReader(text))
		if err != nil || (many == nil) != (want == nil) {
			t.Errorf("%q: %v, %v", text, many, err)
			continue
		}
		if many == nil {
			if whole, _ := io.ReadAll(rest); string(whole) != text {
				t.Errorf("%q became %q", text, whole)
			}
			continue
		}
		var got []string
		for it := range many.sendItems(t.Context()) {
			if it.err != nil {
				words, _, _ := strings.Cut(it.err.Error(), ": ")
				got = append(got, terminal.NumberOrDash(it.line)+": "+words)
				continue
			}
			got = append(got, string(it.data))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
