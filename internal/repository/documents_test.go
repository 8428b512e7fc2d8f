package repository

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// link is the target of a Markdown link into the repository.
var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

// TestREADMELeadsToEveryDocument follows the links of the README, and theirs:
// every link leads to a file, and every document is reached.
func TestREADMELeadsToEveryDocument(t *testing.T) {
	tr := loadTree(t)
	texts := map[string]string{}
	for _, d := range tr.documents {
		texts[d.path] = d.text
	}
	reached := map[string]bool{}
	queue := []string{"README.md"}
	for len(queue) > 0 {
		page := queue[0]
		queue = queue[1:]
		if reached[page] {
			continue
		}
		reached[page] = true
		for _, m := range link.FindAllStringSubmatch(texts[page], -1) {
			target := path.Join(path.Dir(page), m[1])
			if !tr.files[target] && !tr.isFolder(target) {
				t.Errorf("%s links to %s, which is not in the repository", page, target)
			}
			if strings.HasSuffix(target, ".md") {
				queue = append(queue, target)
			}
		}
	}
	for page := range texts {
		if !reached[page] {
			t.Errorf("no link leads from README.md to %s", page)
		}
	}
}

// isFolder reports whether the repository has files below dir.
func (tr *tree) isFolder(dir string) bool {
	for f := range tr.files {
		if strings.HasPrefix(f, dir+"/") {
			return true
		}
	}
	return false
}

// TestArchitectureNamesEveryFolder checks the table of folders in
// docs/architecture.md: each folder with Go files stands in it and exists, and
// imports point from the top of the table to its bottom.
func TestArchitectureNamesEveryFolder(t *testing.T) {
	tr := loadTree(t)
	row := tr.architectureRows(t)
	for dir := range row {
		if !tr.isFolder(dir) {
			t.Errorf("docs/architecture.md names the folder %s, which is not in the repository", dir)
		}
	}
	missing := map[string]bool{}
	for _, f := range tr.goFiles {
		dir := path.Dir(f.path)
		if strings.HasPrefix(dir, "tools/") || strings.HasPrefix(dir, "bench/") {
			continue
		}
		if _, ok := row[dir]; !ok {
			missing[dir] = true
		}
		if !f.isTest() {
			checkImports(t, f, row)
		}
	}
	for dir := range missing {
		t.Errorf("docs/architecture.md does not name the folder %s", dir)
	}
}

// architectureRows returns the folders of the table with their row numbers.
func (tr *tree) architectureRows(t *testing.T) map[string]int {
	t.Helper()
	row := map[string]int{}
	for _, d := range tr.documents {
		if d.path != "docs/architecture.md" {
			continue
		}
		for i, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\|").FindAllStringSubmatch(d.text, -1) {
			row[m[1]] = i
		}
	}
	if len(row) < 10 {
		t.Fatalf("docs/architecture.md has a table of %d folders", len(row))
	}
	return row
}

// checkImports reports the imports of a file that point upwards in the table.
func checkImports(t *testing.T, f *goFile, row map[string]int) {
	t.Helper()
	for _, spec := range f.syntax.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		for dir, at := range row {
			if strings.HasSuffix(imported, "/"+dir) && isModulePath(imported, dir, row) && at < row[path.Dir(f.path)] {
				t.Errorf("%s imports %s, which stands above its own folder in docs/architecture.md", f.path, dir)
			}
		}
	}
}

// isModulePath reports whether dir is the whole folder that imported names, not
// only its end: a longer folder of the table may end the same way.
func isModulePath(imported, dir string, row map[string]int) bool {
	for longer := range row {
		if len(longer) > len(dir) && strings.HasSuffix(longer, "/"+dir) && strings.HasSuffix(imported, "/"+longer) {
			return false
		}
	}
	return true
}
