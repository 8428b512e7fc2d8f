package proactor

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func mustParse(t testing.TB, doc string) *Config {
	t.Helper()
	c, err := ParseConfig("test.ini", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKeysKnowWhereTheyStand(t *testing.T) {
	c := mustParse(t, "\ufeff# a comment\r\n[DEFAULT]\r\nx = 1\r\n\r\n[a]\r\nY\r\nz = 1\r\n  2\r\n")
	if s := c.Section("a"); s.Line != 5 || s.File != "test.ini" {
		t.Errorf("[a] is at %s:%d", s.File, s.Line)
	}
	for _, test := range []struct {
		key  string
		want Key
	}{
		{"X", Key{"x", "1", true, "test.ini", 3}},
		{"y", Key{"y", "", false, "test.ini", 6}},
		{"z", Key{"z", "1\n2", true, "test.ini", 7}},
	} {
		if got, ok := c.FindKey("a", test.key); !ok || got != test.want {
			t.Errorf("Find(a, %s) = %+v, %v; want %+v", test.key, got, ok, test.want)
		}
	}
	if _, ok := c.FindKey("b", "x"); ok {
		t.Error("an absent section inherits")
	}
}

func TestEntriesComeInPythonsOrder(t *testing.T) {
	c := mustParse(t, "[DEFAULT]\na = 1\nb = ${c}\n[s]\nc = 3\na = 4\nd\n")
	got, err := c.Entries("s")
	want := []Entry{{"a", "4", true}, {"b", "3", true}, {"c", "3", true}, {"d", "", false}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Entries = %v, %v; want %v", got, err, want)
	}
	if got, err := c.Entries("absent"); got != nil || err != nil {
		t.Errorf("an absent section has %v, %v", got, err)
	}
}

func TestEntriesReportEveryFault(t *testing.T) {
	c := mustParse(t, "[s]\na = ${x}\nb = $\nc = ok\nd = ${d}\n")
	_, err := c.Entries("s")
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 3 {
		t.Fatalf("got %v, want three faults", err)
	}
	for i, line := range []int{2, 3, 5} {
		if faults[i].Line != line || faults[i].Remedy == "" {
			t.Errorf("fault %d is %+v, want line %d and a remedy", i, faults[i], line)
		}
	}
}

func TestFaultyLinesDoNotHideTheOthers(t *testing.T) {
	c, err := ParseConfig("x.ini", []byte("[a]\nx = 1\n= 2\nx = 3\n[a]\nx = 4\ny = \xff\n[b\nz = 1\n[c]\nw = 5\n"))
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 5 {
		t.Fatalf("got %v, want five faults", err)
	}
	if v, _, _ := c.Get("a", "x"); v != "1" {
		t.Errorf("a:x = %q; the first of two is kept", v)
	}
	if v, _, _ := c.Get("c", "w"); v != "5" {
		t.Errorf("c:w = %q", v)
	}
}

func TestReferencesThatOnlyALookupAnswers(t *testing.T) {
	c := mustParse(t, "[initiator]\nport = 80\n[a]\nx = ${env:Home} ${initiator:port}\ny = ${env:none}\n").WithLookup(
		func(section, key string) (string, bool, error) {
			switch {
			case section != "env":
				return "", false, nil
			case key == "Home":
				return "$literal${x}", true, nil
			}
			return "", true, errors.New("not set; set it")
		})
	if got, _, err := c.Get("a", "x"); got != "$literal${x} 80" || err != nil {
		t.Errorf("x = %q, %v", got, err)
	}
	_, _, err := c.Get("a", "y")
	if want := "test.ini:5: a, y: not set; set it"; err == nil || err.Error() != want {
		t.Errorf("y: %v, want %s", err, want)
	}
}

// A few hundred bytes must not become gigabytes.
func TestReferencesCannotExplode(t *testing.T) {
	var b strings.Builder
	b.WriteString("[a]\nk0 = $$" + strings.Repeat("x", 1000) + "\n")
	for i := 1; i < 10; i++ {
		ref := "${k" + string(rune('0'+i-1)) + "}"
		b.WriteString("k" + string(rune('0'+i)) + " = " + strings.Repeat(ref, 20) + "\n")
	}
	_, _, err := mustParse(t, b.String()).Get("a", "k9")
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

func TestMergeIsOneDocument(t *testing.T) {
	one, two := mustParse(t, "[DEFAULT]\na = 1\n[s]\nx = ${t:y}\n"), mustParse(t, "[DEFAULT]\nb = 2\n[t]\ny = ${a}${b}\n[include]\n")
	c, err := MergeConfigs(one, two.WithoutSection("include"))
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := c.Get("s", "x"); got != "12" || err != nil {
		t.Errorf("s:x = %q, %v", got, err)
	}
	if len(c.Sections()) != 2 || c.Section("include") != nil || two.Section("include") == nil {
		t.Error("Without must leave out the section, and only from what it returns")
	}
	_, err = MergeConfigs(one, one)
	want := "test.ini:2: DEFAULT, a: the key is already in test.ini, line 2; keep one of the two\n" +
		"test.ini:3: s: the section is already in test.ini, line 3; move these keys there, or rename one of the two"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
