package terminal

import (
	"encoding/json"
	"testing"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ü 漢 👩‍👩‍👧 שלום": "plain ü 漢 👩‍👩‍👧 שלום",
		"a\tb\nc\r\nd":       "a\tb\nc\nd",
		"\x1b[2J\x00\x07\r":  `\x1b[2J\x00\x07\r`,
		"\u007f\u009b":       `\u007f\u009b`,
		"\u202e\u2066\u2069": `\u202e\u2066\u2069`,
		"\u2028\u2029\u0085": `\u2028\u2029\u0085`,
		"\xff\xc3(":          `\xff\xc3(`,
		"\ufffd":             "\ufffd",
	} {
		if got := Escape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if again := Escape(want); again != want {
			t.Errorf("%q: %q when escaped twice", want, again)
		}
	}
	if got := Printable("a\nb\tc\r\nd\re"); got != `a b c d\re` {
		t.Errorf("Printable: %q", got)
	}
}

// JSON that was escaped has the same value.
func TestEscapedJSON(t *testing.T) {
	t.Parallel()
	const text = "\"\u009b\u007f\u202e\u2028 \\u001b\""
	var before, after string
	if err := json.Unmarshal([]byte(text), &before); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(Escape(text)), &after); err != nil || before != after {
		t.Errorf("%q became %q, %v", before, after, err)
	}
}
