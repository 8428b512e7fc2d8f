package repository

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	// mapEntry is a file name in a file map; it may have a * for a part of it.
	mapEntry = regexp.MustCompile(`[a-z0-9_]*(?:[a-z0-9]|_?\*)\.go`)
	// system is the part of a file's name that says where it is compiled.
	system = regexp.MustCompile(`_(linux|darwin|freebsd|netbsd|openbsd|windows|other|unix|posix|amd64|arm64)$`)
)

// TestEveryFileIsInItsMap checks that doc.go of each package names every other
// file of it, in a comment of its own below the package comment: users read the
// package comment, and file names are for developers.
func TestEveryFileIsInItsMap(t *testing.T) {
	tr := loadTree(t)
	packages := map[string][]*goFile{}
	for _, f := range tr.goFiles {
		if !f.isTest() {
			packages[path.Dir(f.path)] = append(packages[path.Dir(f.path)], f)
		}
	}
	for dir, files := range packages {
		if strings.HasPrefix(dir, "tools/") || strings.HasPrefix(dir, "bench/") {
			continue // modules of their own, with one command each
		}
		checkMap(t, dir, files)
	}
}

// checkMap reports the files of one package that its map does not name, and the
// names in the map that are no files.
func checkMap(t *testing.T, dir string, files []*goFile) {
	t.Helper()
	var doc *goFile
	names := map[string]bool{}
	for _, f := range files {
		if path.Base(f.path) == "doc.go" {
			doc = f
		} else {
			names[stem(path.Base(f.path))] = true
		}
	}
	if doc == nil {
		if len(files) > 1 {
			t.Errorf("%s has %d files and no doc.go", dir, len(files))
		}
		return
	}
	if doc.syntax.Doc != nil && mapEntry.MatchString(doc.syntax.Doc.Text()) {
		t.Errorf("%s: the package comment names files: the map is a comment of its own below the package clause", doc.path)
	}
	entries := mapEntry.FindAllString(strings.Join(doc.comments, "\n"), -1)
	for name := range names {
		if !isNamed(t, name, entries) {
			t.Errorf("%s does not name %s.go", doc.path, name)
		}
	}
}

// isNamed reports whether an entry of the map, or a pattern in it, is name.
func isNamed(t *testing.T, name string, entries []string) bool {
	t.Helper()
	for _, e := range entries {
		pattern := stem(e)
		matched, err := path.Match(pattern, name)
		if err != nil {
			t.Fatalf("bad pattern %s: %v", e, err)
		}
		if matched || strings.TrimSuffix(pattern, "_*") == name {
			return true
		}
	}
	return false
}

// stem is a file's name without .go and without its system.
func stem(file string) string { return system.ReplaceAllString(strings.TrimSuffix(file, ".go"), "") }
