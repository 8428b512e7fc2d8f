package repository

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// pronoun is a pronoun where a comment should have a noun.
var pronoun = regexp.MustCompile(`(?i)\b(whoever|whomever|nobody|somebody|anybody|one that|one who|those that|those who|one of (its|their|them)|for one|of which|the one|the others?|that of|those of|ours|theirs|of it)\b`)

// TestCommentsNameTheirNouns allows a pronoun in two of a hundred lines of
// comment: a reader who searches finds nouns.
func TestCommentsNameTheirNouns(t *testing.T) {
	lines, found := 0, []string(nil)
	for _, f := range loadTree(t).goFiles {
		if f.isTest() {
			continue
		}
		for _, group := range f.comments {
			for line := range strings.Lines(group) {
				if strings.HasPrefix(line, "//go:") || strings.HasPrefix(line, "//nolint") {
					continue
				}
				lines++
				if pronoun.MatchString(line) {
					found = append(found, f.path+": "+strings.TrimSpace(line))
				}
			}
		}
	}
	if lines < 1000 {
		t.Fatalf("found only %d lines of comment", lines)
	}
	if len(found)*100 > 2*lines {
		t.Errorf("%d of %d lines of comment have a pronoun in the place of a noun:\n%s", len(found), lines, strings.Join(found, "\n"))
	}
}

// replacedWords are words that docs/glossary.md replaces by standard terms, and
// that mean nothing else in this program. The glossary and the names of files in
// an older state directory may still have them.
var replacedWords = regexp.MustCompile(`(?i)\b(midwife|stillborn|unborn|obituary|mourned|fittings|ruins|dynasty|bequeath|courier|culprit|errand|gremlin|underworld|hopeless|heritage|house|rooms)\b`)

// TestReplacedWordsStayAway looks for them in comments, names, file names and
// documents.
func TestReplacedWordsStayAway(t *testing.T) {
	tr := loadTree(t)
	look := func(file, text string) {
		for line := range strings.Lines(text) {
			if w := replacedWords.FindString(line); w != "" {
				t.Errorf("%s uses the word %q, which docs/glossary.md replaces: %s", file, w, strings.TrimSpace(line))
			}
		}
	}
	for _, f := range tr.goFiles {
		if !strings.HasPrefix(f.path, "internal/repository/") {
			look(f.path, strings.Join(f.comments, "\n"))
			look(f.path, strings.Join(namesOf(f.syntax), "\n"))
		}
	}
	for _, d := range tr.documents {
		if d.path != "docs/glossary.md" {
			look(d.path, d.text)
		}
	}
	for path := range tr.files {
		look(path, spaced(path))
	}
}

// namesOf returns the names in a file, each as words.
func namesOf(f *ast.File) (names []string) {
	seen := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !seen[id.Name] {
			seen[id.Name] = true
			names = append(names, spaced(id.Name))
		}
		return true
	})
	return names
}

// spaced returns a name or a path as words: a space before each capital, and in
// the place of each mark.
func spaced(name string) string {
	return marks.Replace(capitals.ReplaceAllString(name, "$1 $2"))
}

var (
	capitals = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	marks    = strings.NewReplacer("_", " ", "/", " ", ".", " ", "-", " ")
)
