package dotenv

import (
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	compose "github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/sirupsen/logrus"

	"initiator/internal/testlength"
)

// compareWithCompose reports a file that Parse accepts and Docker Compose
// refuses, or from which Compose reads other variables.
func compareWithCompose(t *testing.T, text string) {
	t.Helper()
	f := Parse(text, lookUpOutside)
	if len(f.Faults) > 0 {
		return
	}
	want, err := compose.ParseWithLookup(strings.NewReader(text), lookUpOutside)
	if err != nil {
		t.Fatalf("%q is accepted, and Compose refuses it: %v", text, err)
	}
	got := map[string]string{}
	for _, v := range f.Variables {
		got[v.Name] = v.Value
	}
	if !maps.Equal(got, want) {
		t.Fatalf("%q: got %q, and Compose reads %q", text, got, want)
	}
}

// TestAcceptedFilesAreComposes: the tables of TestParse say what Compose reads.
func TestAcceptedFilesAreComposes(t *testing.T) {
	logrus.SetOutput(io.Discard) // Compose's package logs variables that are not set
	for _, test := range accepted {
		compareWithCompose(t, test.text)
	}
}

// tokens are what a file with a meaning is made of.
var tokens = []string{
	"A", "b1", "HOME", "EMPTY", "X", "=", "=", ": ", "\n", "\n", "\r\n", " ", "\t", "#", " # c", "export ", "export", "'", "\"", "\\", "\\n", "\\0", "101",
	"$", "$$", "${", "}", ":-", "-", ":+", "+", ":?", "?", "{", "[0]", ".", "\u00a0", "\u2003", "é", "\xff", "\uFEFF", "\v", "s", "\u017f",
}

// TestGeneratedFilesAreComposes compares files of random tokens. A part of them
// must be accepted, or the comparison would show nothing.
func TestGeneratedFilesAreComposes(t *testing.T) {
	logrus.SetOutput(io.Discard)
	random, accepted := rand.New(rand.NewPCG(1, 2)), 0
	files := testlength.Count(30_000, 1_000_000)
	for range files {
		var b strings.Builder
		b.WriteString("A=")
		for range random.IntN(12) {
			b.WriteString(tokens[random.IntN(len(tokens))])
		}
		b.WriteString("\n")
		if len(Parse(b.String(), lookUpOutside).Faults) == 0 {
			accepted++
		}
		compareWithCompose(t, b.String())
	}
	if accepted < files/10 {
		t.Errorf("only %d of %d files were accepted", accepted, files)
	}
}

func FuzzParse(f *testing.F) {
	logrus.SetOutput(io.Discard)
	for _, test := range accepted {
		f.Add(test.text)
	}
	for _, test := range refused {
		if len(test.text) < 1000 {
			f.Add(test.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		compareWithCompose(t, text)
	})
}
