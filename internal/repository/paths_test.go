package repository

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	// url is left out of a text: its path is on another machine.
	url = regexp.MustCompile(`\w+://\S+`)
	// pathLike is a path to a Go file or a document.
	pathLike = regexp.MustCompile(`[A-Za-z0-9_.\-/*{}$<>~]*[A-Za-z0-9_\-*}>]\.(?:md|go)\b`)
)

// TestNamedPathsExist checks every path to a Go file or document that a comment
// or a document names. A pattern, an absolute path and a path in another module
// do not count. A document may name a single Go file that its reader is to write.
func TestNamedPathsExist(t *testing.T) {
	tr := loadTree(t)
	checked := 0
	for _, f := range tr.goFiles {
		checked += tr.checkPaths(t, f.path, strings.Join(f.comments, "\n"), false)
	}
	for _, d := range tr.documents {
		checked += tr.checkPaths(t, d.path, d.text, true)
	}
	if checked < 100 {
		t.Errorf("found only %d paths in comments and documents", checked)
	}
}

// checkPaths reports the paths of one text that do not exist, and returns how
// many paths it looked at.
func (tr *tree) checkPaths(t *testing.T, file, text string, isDocument bool) (checked int) {
	t.Helper()
	for _, p := range pathLike.FindAllString(url.ReplaceAllString(text, " "), -1) {
		p = strings.TrimPrefix(p, "./")
		first, _, hasFolder := strings.Cut(p, "/")
		otherModule := hasFolder && strings.Contains(strings.TrimLeft(first, "."), ".")
		toWrite := !hasFolder && isDocument && strings.HasSuffix(p, ".go")
		if strings.ContainsAny(p, "*{}$<>~") || strings.HasPrefix(p, "/") || otherModule || toWrite {
			continue
		}
		checked++
		if !tr.hasPath(path.Dir(file), p) {
			t.Errorf("%s names %s, which is not in the repository", file, p)
		}
	}
	return checked
}

// hasPath reports whether p is a file from the root, from dir, or with leading
// folders left out.
func (tr *tree) hasPath(dir, p string) bool {
	if tr.files[path.Clean(p)] || tr.files[path.Join(dir, p)] {
		return true
	}
	for f := range tr.files {
		if strings.HasSuffix(f, "/"+p) {
			return true
		}
	}
	return false
}
