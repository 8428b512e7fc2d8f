package proactor

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEmitWritesWhatAPersonWouldWrite(t *testing.T) {
	var b bytes.Buffer
	err := WriteDocument(&b, []LiteralSection{
		{"DEFAULT", []Entry{{"home", "/home/$USER", true}}},
		{"g1", []Entry{{"text", "one\n\ntwo", true}, {"flag", "", false}, {"empty", "", true}}},
	})
	want := "[DEFAULT]\nhome = /home/$$USER\n\n[g1]\ntext = one\n\t\n\ttwo\nflag\nempty = \n\n"
	if err != nil || b.String() != want {
		t.Errorf("got %q, %v\nwant %q", b.String(), err, want)
	}
}

func TestEmitRefusesWhatNoReaderWouldGetBack(t *testing.T) {
	entry := func(key, value string) []LiteralSection { return []LiteralSection{{"s", []Entry{{key, value, true}}}} }
	for name, sections := range map[string][]LiteralSection{
		"section twice":        {{Name: "s"}, {Name: "s"}},
		"section without name": {{}},
		"section of two lines": {{Name: "a\nb"}},
		"key twice":            {{"s", []Entry{{"k", "1", true}, {"k", "2", true}}}},
		"empty key":            entry("", "v"),
		"key in capitals":      entry("K", "v"),
		"key with =":           entry("a=b", "v"),
		"key with :":           entry("a:b", "v"),
		"key of two lines":     entry("a\nb", "v"),
		"key like a comment":   entry("#a", "v"),
		"key like a header":    entry("[a]", "v"),
		"key with spaces":      entry(" a", "v"),
		"NUL":                  entry("k", "a\x00b"),
		"CR":                   entry("k", "a\rb"),
		"not UTF-8":            entry("k", "\xff"),
		"space at the end":     entry("k", "a "),
		"space at the start":   entry("k", "a\n b"),
		"comment inside":       entry("k", "a\n#b"),
		"empty line at end":    entry("k", "a\n"),
		"value without value":  {{"s", []Entry{{"k", "v", false}}}},
	} {
		var b bytes.Buffer
		if err := WriteDocument(&b, sections); err == nil || b.Len() > 0 {
			t.Errorf("%s: error %v, %d bytes written", name, err, b.Len())
		}
	}
}

// text draws what users and other programs put into values.
var words = rapid.SampledFrom([]string{
	"a", "B", "$", "$$", "${x}", "{", "}", "=", ":", "#", ";", "[", "]", "[x]", " ", "\t", "\n", "\n\n", "\\", "\"", "'", "`", "\"\"\"",
	"%(x)s", "-", "|", "é", "\u00a0", "\x1c", "\x85", "\ufeff", "\r", "İ", "Σ", "\v", "\u2028",
})

func drawText(t *rapid.T, label string) string {
	return strings.Join(rapid.SliceOfN(words, 0, 6).Draw(t, label), "")
}

// Whatever Emit accepts is read back exactly, here and by Python.
func TestEmitRoundTrips(t *testing.T) {
	python.need(t)
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		for range 20 {
			key := lower(trimSpace(drawText(rt, "key")))
			e := Entry{key, drawText(rt, "value"), true}
			if roundTrip(t, drawText(rt, "section"), e) {
				accepted++
			}
		}
	})
	if accepted == 0 {
		t.Error("nothing that was drawn could be written: the test proves nothing")
	}
}

func roundTrip(t testing.TB, section string, e Entry) bool {
	t.Helper()
	var b bytes.Buffer
	if section == DefaultSection || WriteDocument(&b, []LiteralSection{{section, []Entry{e, {"last", "1", true}}}}) != nil {
		return false
	}
	want := view{Sections: []sectionView{
		{Name: DefaultSection},
		{Name: section, Keys: []keyView{{Key: e.Key, Value: &e.Value}, {Key: "last", Value: ptr("1")}}},
	}}
	if got := python.read(t, b.Bytes()); !reflect.DeepEqual(got, want) {
		t.Fatalf("document %q\npython: %s\nwant:   %s", b.String(), got, want)
	}
	if got := ours(b.Bytes()); !reflect.DeepEqual(got, want) {
		t.Fatalf("document %q\nours: %s\nwant: %s", b.String(), got, want)
	}
	return true
}

func ptr(s string) *string { return &s }

func FuzzEmitRoundTrips(f *testing.F) {
	python.need(f)
	f.Add("g1", "key", "value")
	f.Add("[", "a b", "$x\n\n${y}")
	f.Add("DEFAULT", "-", "`\"\"\"")
	f.Fuzz(func(t *testing.T, section, key, value string) {
		roundTrip(t, section, Entry{key, value, true})
	})
}
