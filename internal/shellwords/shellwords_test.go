package shellwords

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string]Line{
		``:                   {},
		" \t\r\n":            {},
		`a b`:                {Words: []string{"a", "b"}},
		`sh -c "a; b"`:       {Words: []string{"sh", "-c", "a; b"}},
		`'a "b' "c 'd"`:      {Words: []string{`a "b`, `c 'd`}},
		`"" ''`:              {Words: []string{"", ""}},
		`a\ b "\" \\ \n"`:    {Words: []string{"a b", `" \ \n`}},
		`pre"mid"'post'`:     {Words: []string{"premidpost"}},
		`$HOME *.go | # x`:   {Words: []string{"$HOME", "*.go", "|", "#", "x"}},
		`a 'open`:            {Words: []string{"a", "open"}, Quote: '\''},
		`a \`:                {Words: []string{"a", ""}, Escaped: true},
		`"in a quotation \`:  {Words: []string{"in a quotation "}, Quote: '"', Escaped: true},
		"line\nend":          {Words: []string{"line", "end"}},
		`back'slash\ stays'`: {Words: []string{`backslash\ stays`}},
	} {
		if got := SplitLine(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
}

// FuzzSplitLine: the words of any line, each in single quotes, are the same
// words again, and a line makes no text of its own.
func FuzzSplitLine(f *testing.F) {
	for _, line := range []string{``, `a b`, `"" ''`, `a\ b "\" \\ \n"`, `a 'open`, `a \`, "\xff\x00", "é\u00a0x"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := SplitLine(line)
		size := 0
		var quoted []string
		for _, word := range got.Words {
			size += len(word)
			quoted = append(quoted, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
		}
		if utf8.ValidString(line) && size > len(line) {
			t.Errorf("%d bytes became %d", len(line), size)
		}
		again := SplitLine(strings.Join(quoted, " "))
		if again.Quote != 0 || again.Escaped || !slices.Equal(again.Words, got.Words) {
			t.Errorf("%q became %q, and in quotes %+v", line, got.Words, again)
		}
	})
}
