package shellwords

import (
	"reflect"
	"testing"
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
