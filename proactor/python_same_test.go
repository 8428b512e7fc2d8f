package proactor

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sameDocuments are read by both sides; they double as the fuzz corpus.
var sameDocuments = map[string]string{
	"empty":                        "",
	"only comments":                "# a\n; b\n\n",
	"plain":                        "[a]\nx = 1\ny: 2\nz=3\n",
	"no space, many delimiters":    "[a]\nx=a=b:c\ny : z = w\n",
	"key in capitals":              "[a]\nListen_Addr = B\n",
	"key with spaces":              "[a]\na long key = v\n",
	"dotted I and final sigma":     "[a]\nİX = 1\nΑΣ = 2\nΑΣΑ = 3\nΣ = 4\nΑΣ.Β = 5\nΑ'Σ = 6\n",
	"section name with spaces":     "[ a ]\nx=1\n",
	"text after the header":        "[a] ; not a comment\nx=1\n",
	"two brackets":                 "[a]]\nx=1\n[b] [c]\ny=2\n",
	"indented header":              "  [a]\n  x = 1\n  y = 2\n",
	"key deeper than its header":   "[a]\n   x = 1\n   y = 2\n",
	"continuation":                 "[a]\nx = 1\n  2\n\t3\ny = 4\n",
	"continuation less deep":       "[a]\n    x = 1\n  y = 2\n",
	"header inside a value":        "[a]\nx = 1\n  [b]\n  y = 2\n",
	"comment inside a value":       "[a]\nx = 1\n# no\n  ; no\n  2\n",
	"empty line inside a value":    "[a]\nx = 1\n\n  2\n\n\n",
	"blank then key":               "[a]\nx =\n\n\ny = 1\n",
	"value begins on second line":  "[a]\nx =\n  1\n  2\n",
	"inline comment is none":       "[a]\nx = 1 ; two # three\ny = #\n",
	"semicolon in a command":       "[a]\ncommand = sh -c \"a; b\"\n",
	"trailing backslash":           "[a]\nx = a\\\ny = b\n",
	"quotes stay":                  "[a]\nx = \"a\"\ny = 'b'\nz = `c`\nw = \"\"\"d\"\"\"\n`k` = 1\n\"q\" = 2\n\"r = 3\n",
	"open quotes":                  "[a]\nx = `c\ny = \"\"\"d\nz = 1\n",
	"minus as key":                 "[a]\n- = 1\n",
	"percent":                      "[a]\nx = %(y)s %d 100%\ny = 2\n",
	"valueless":                    "[a]\nx\ny =\nz\n\n",
	"valueless with continuation":  "[a]\nx\n  y\n",
	"valueless then comment":       "[a]\nx\n# c\ny = 1\n",
	"DEFAULT inherited":            "[DEFAULT]\nx = 1\ny = 2\n[a]\ny = 3\nz = 4\n[b]\n",
	"DEFAULT last":                 "[a]\nz = ${x}\n[DEFAULT]\nx = 1\n",
	"DEFAULT twice":                "[DEFAULT]\nx = 1\n[a]\n[DEFAULT]\ny = 1\n",
	"DEFAULT twice, one key":       "[DEFAULT]\nx = 1\n[DEFAULT]\nx = 1\n",
	"default in small letters":     "[default]\nx = 1\n[a]\ny = ${default:x}\n",
	"child sections do not":        "[a]\nx = 1\n[a.b]\ny = 2\n",
	"duplicate key":                "[a]\nx = 1\nX = 2\n",
	"duplicate section":            "[a]\nx = 1\n[a]\ny = 2\n",
	"no header":                    "x = 1\n[a]\n",
	"no key":                       "[a]\n= 1\n",
	"no key, continued":            "[a]\n: 1\n  x = 2\n",
	"reference":                    "[a]\nx = 1\ny = ${x}${X}-${ x}\n",
	"reference to a section":       "[a]\nx = 1\n[b]\ny = ${a:x} ${a:X}\nz = ${A:x}\n",
	"reference to DEFAULT":         "[DEFAULT]\nx = 1\n[b]\ny = ${DEFAULT:x}\n",
	"reference follows section":    "[DEFAULT]\nx = ${y}\n[a]\ny = 1\n[b]\ny = 2\nz = ${a:x}\n",
	"reference to a colon section": "[w:a]\nx = 1\n[b]\ny = ${w:a:x}\n",
	"reference to nothing":         "[a]\nx = ${}\ny = ${\nz = ${b\nw = ${:x}\nv = ${a:}\nu = ${}}\n",
	"reference over two lines":     "[a]\nx = ${a\n  b}\n",
	"dollar":                       "[a]\nx = $$ $$$$ $${y}\ny = $\nz = $x\n",
	"dollar through a reference":   "[a]\nx = $$\ny = ${x}{x}\n",
	"loop":                         "[a]\nx = ${y}\ny = ${x}\nz = ${z}\n",
	"loop through sections":        "[a]\nx = ${b:x}\n[b]\nx = ${a:x}\n",
	"reference to valueless":       "[a]\nx\ny = ${x}\n",
	"reference to empty":           "[a]\nx =\ny = ${x}b\n",
	"ten deep":                     chain(10),
	"eleven deep":                  chain(11),
	"twelve deep":                  chain(12),
	"BOM":                          "\ufeff[a]\nx = 1\n",
	"two BOMs":                     "\ufeff\ufeff[a]\nx = 1\n",
	"CRLF":                         "[a]\r\nx = 1\r\n  2\r\n\r\ny = 3\r\n",
	"CR":                           "[a]\rx = 1\ry = 2\r",
	"no final newline":             "[a]\nx = 1",
	"odd spaces":                   "[a]\n\u00a0x\u00a0=\u2003v\x1c\nz\x1f=\x1d1\x1e\nn = 1\u200b\n",
	"form feed and line separator": "[a]\nx = 1\f2\u20283\u00854\v\n",
	"indent by odd spaces":         "[a]\nx = 1\n\u00a0y = 2\n\x1cz = 3\n",
	"latin-1":                      "[a]\nx = \xe9\n",
	"surrogate":                    "[a]\nx = \xed\xa0\x80\n",
	"UTF-16":                       "\xff\xfe[\x00a\x00]\x00",
	"emoji":                        "[🚀]\n🚀 = ${🚀:é}\né = ✓\n",
	"a colon in a section":         "[worker:adder]\ncommand = x\n",
	"guard characters":             "[|a|]\n|x| = |1|\n| = |\n||\n",
}

// chain makes a value that needs n nested references.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("[a]\nx0 = $$end\n")
	for i := range n {
		b.WriteString("x" + string(rune('a'+i)) + " = ${x")
		b.WriteString(map[bool]string{true: "0", false: string(rune('a' + i - 1))}[i == 0])
		b.WriteString("}\n")
	}
	return b.String()
}

func TestReadsAsPythonDoes(t *testing.T) {
	python.need(t)
	for name, doc := range sameDocuments {
		t.Run(name, func(t *testing.T) { compare(t, []byte(doc)) })
	}
}

// pieces are what a random document is made of: small enough to meet the same
// key, indentation and reference again and again.
var pieces = rapid.SampledFrom([]string{
	"[a]", "[b]", "[a:b]", "[DEFAULT]", "[", "]", "x", "y", "X", "z z", "=", ":", " = ", " : ", "\n", "\n", "\n", "\n ", "\n  ", "\n\t", "\n\n",
	"${x}", "${y}", "${a:x}", "${b:Y}", "${DEFAULT:x}", "${a:b:x}", "$$", "$", "{", "}", "${", "#", ";", "\n# c", " ; c", "1", "two words",
	"'", "\"", "`", "\"\"\"", "\\", "-", "|", "%(x)s", "\r", "\r\n", "\u00a0", "\x1c", "\x85", "é", "İ", "Σ", "\ufeff", "\xff",
})

func TestRandomDocumentsReadAsPythonDoes(t *testing.T) {
	python.need(t)
	rapid.Check(t, func(rt *rapid.T) {
		for range 10 {
			body := strings.Join(rapid.SliceOfN(pieces, 0, 40).Draw(rt, "pieces"), "")
			compare(t, []byte("[a]\nx = 1\n"+body))
			compare(t, []byte(body))
		}
	})
}

// lines make documents that are mostly right, so that the resolving of
// references is reached and not only the refusal of broken lines.
func TestRandomReferencesResolveAsPythonDoes(t *testing.T) {
	python.need(t)
	value := rapid.SliceOfN(rapid.SampledFrom([]string{"${a}", "${b}", "${s:c}", "${t:d}", "${DEFAULT:e}", "$$", "k", "", "\n  l"}), 0, 3)
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		for _, section := range []string{"DEFAULT", "s", "t", "u:v"} {
			b.WriteString("[" + section + "]\n")
			for _, key := range []string{"a", "b", "c", "d", "e"} {
				if rapid.Bool().Draw(rt, "there") {
					b.WriteString(key + " = " + strings.Join(value.Draw(rt, key), "") + "\n")
				}
			}
		}
		compare(t, []byte(b.String()))
	})
}

// maxComparedReferences limits the references of a document that is compared.
// Nine levels of six references each, 335 bytes, are 10 million expansions:
// ParseConfig refuses them, Python goes on for minutes, and after ten seconds the
// fuzzer ends without an input that failed. 24 references are at most 3⁸.
const maxComparedReferences = 24

func FuzzReadsAsPythonDoes(f *testing.F) {
	python.need(f)
	for _, doc := range sameDocuments {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) > 4096 {
			t.Skip("long documents find nothing that short ones do not")
		}
		if bytes.Count(doc, []byte("${")) > maxComparedReferences {
			t.Skip("Python may expand the references for hours")
		}
		compare(t, doc)
	})
}
