package supervisord

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestComments(t *testing.T) {
	for text, want := range map[string]string{
		"a ;b": "a", "a;b": "a;b", "a\t#b": "a", "a#b ;c": "a#b", "; a": "", "  # a": "", "a;b #c ;d": "a;b", "a b": "a b", "": "",
		"a#b #c;d ;e": "a#b", "a ;": "a", ";": "", "a\u00a0;b": "a", "é;é ;é": "é;é",
	} {
		if got := readLine(1, text).text; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestExpansion(t *testing.T) {
	n := names{
		own: map[string]any{"here": "/x", "num": 7, "(odd)": "o"}, set: map[string]string{"ENV_OWN": "mine"},
		env: func(name string) (string, bool) { v, ok := map[string]string{"A": "1 %(here)s"}[name]; return v, ok },
	}
	for text, want := range map[string]string{
		"": "", "%%": "%", "100%% %(here)s/a": "100% /x/a", "%(num)d%(num)03d": "7007", "%(num)-3d|": "7  |", "%(num)+d": "+7", "%(num)x": "7",
		"%(num)c": "\a", "%(num).3d": "007", "%(num)5.3d": "  007", "%(num)05.3d": "00007", "%(num)#o": "0o7", "%(num)6.2f": "  7.00", "%(num)s": "7", "%(num)r": "7",
		"%(here)5s": "   /x", "%(here).1s": "/", "%(here)r": "'/x'", "%(ENV_A)s": "1 %(here)s", "%(ENV_OWN)s": "mine", "%((odd))s": "o", "%(num)ld": "7",
	} {
		if got, err := expandReferences(text, n); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"%", "%5%", "%(here)%", "%(", "%(here", "%(here)", "%(no)s", "%(here)d", "%s", "%d", "%(ENV_B)s", "%(here)*s", "%(here)y", "%(num)99999d", "%(here)c"} {
		if got, err := expandReferences(text, n); err == nil {
			t.Errorf("%q: %q", text, got)
		} else if strings.Contains(err.Error(), "1 %(here)s") {
			t.Errorf("%q: the environment is shown: %v", text, err)
		}
	}
}

func TestTokensOfAnEnvironment(t *testing.T) {
	for text, want := range map[string][]string{
		`A=1,B="x, y"`: {"A", "=", "1", ",", "B", "=", `"x, y"`}, `a"b"c`: {`a"b"c`}, `"a"b`: {`"a"`, "b"}, "a#b\nc": {"ac"}, "#x\ny": {"y"}, "a $b": {"a", "$", "b"},
		"/x-y+z.(w):": {"/x-y+z.(w):"}, "'it''s'": {"'it'", "'s'"}, "": nil,
	} {
		if got, err := splitTokens(text, wordChars); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestGlobIsPythons(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"a.conf", "b.conf", ".hidden.conf", "sub/c.conf", "[x].conf", "d!.conf"} {
		path := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		"*.conf": "[x].conf a.conf b.conf d!.conf", "[!a].conf": "b.conf", "[ab].conf": "a.conf b.conf", "?.conf": "a.conf b.conf", ".*.conf": ".hidden.conf",
		"*/*.conf": "sub/c.conf", "**/*.conf": "sub/c.conf", "[x.conf": "", "[[]x].conf": "[x].conf", "d[!]a].conf": "d!.conf", "[z-a].conf": "", "a.conf": "a.conf",
		"none.conf": "", "sub": "sub", "[^a].conf": "a.conf", `\a.conf`: "", "sub/../a.*": "sub/../a.conf",
	} {
		var got []string
		for _, path := range globFiles(dir + "/" + pattern) {
			got = append(got, strings.TrimPrefix(path, dir+"/"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

// TestMarks: a reading with Mark tells references from values, and knows both.
func TestMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.conf")
	doc := "[supervisord]\n[program:a]\ncommand = a %(ENV_SPACED)s\nstartsecs = %(ENV_PORT)s\nenvironment = A=\"%(ENV_SPACED)s\",B=%(ENV_PORT)s,C=x%(ENV_PERCENT)s\n"
	if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	w := world()
	w.Mark = true
	f, err := parsePath(path, w)
	if err != nil {
		t.Fatal(err)
	}
	p := f.Groups[0].Processes[0]
	if p.StartSecs != 8080 || p.Command != "a "+MarkVariable("SPACED") || f.ResolveMarks(p.Command) != "a two words" || len(p.Argv) != 3 {
		t.Errorf("%+v", p)
	}
	// Without quotes the % of PERCENT divides the value, so its mark would say
	// more.
	want := map[string]string{"A": MarkVariable("SPACED"), "B": MarkVariable("PORT"), "C": "x50"}
	if got := asMap(p.Environment); !reflect.DeepEqual(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
}
