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
// docs/architecture.md in both directions.
func TestArchitectureNamesEveryFolder(t *testing.T) {
	tr := loadTree(t)
	text := ""
	for _, d := range tr.documents {
		if d.path == "docs/architecture.md" {
			text = d.text
		}
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9/]+?)/?` \\|").FindAllStringSubmatch(text, -1) {
		named[m[1]] = true
		if !tr.isFolder(m[1]) {
			t.Errorf("docs/architecture.md names the folder %s, which is not in the repository", m[1])
		}
	}
	for _, f := range tr.goFiles {
		dir := path.Dir(f.path)
		if !named[dir] && !strings.HasPrefix(dir, "tools/") && !strings.HasPrefix(dir, "bench/") {
			named[dir] = true // once is enough
			t.Errorf("docs/architecture.md does not name the folder %s", dir)
		}
	}
}
