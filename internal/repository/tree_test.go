package repository

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root is the repository, seen from this package.
const root = "../.."

// A goFile is one Go source file with its comments.
type goFile struct {
	path     string // from the root, with slashes
	syntax   *ast.File
	comments []string // the text of each comment group, markers included
}

// isTest reports whether the file belongs to a test.
func (f *goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// A document is one Markdown page.
type document struct{ path, text string }

// A tree is what the tests of this package look at.
type tree struct {
	files     map[string]bool // every file, from the root
	goFiles   []*goFile
	documents []document
}

// readTree reads the repository once for all tests.
var readTree = sync.OnceValues(func() (*tree, error) {
	t := &tree{files: map[string]bool{}}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == ".git" || rel == "bin" || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		t.files[rel] = true
		return t.add(p, rel)
	})
	return t, err
})

// add parses a file that holds prose. Test data is not prose.
func (tr *tree) add(p, rel string) error {
	if strings.Contains("/"+rel, "/testdata/") {
		return nil
	}
	switch path.Ext(rel) {
	case ".go":
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		g := &goFile{path: rel, syntax: f}
		for _, c := range f.Comments {
			text := ""
			for _, line := range c.List {
				text += line.Text + "\n"
			}
			g.comments = append(g.comments, text)
		}
		tr.goFiles = append(tr.goFiles, g)
	case ".md":
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		tr.documents = append(tr.documents, document{rel, string(text)})
	}
	return nil
}

// theTree reads the repository once. No test changes what it returns.
var theTree = sync.OnceValues(readTree)

// loadTree is theTree for a test; it fails the test when the tree cannot be
// read, or is so small that it was not the repository.
func loadTree(t *testing.T) *tree {
	t.Helper()
	tr, err := theTree()
	if err != nil {
		t.Fatalf("read the repository: %v", err)
	}
	if len(tr.goFiles) < 100 || len(tr.documents) < 5 {
		t.Fatalf("found %d Go files and %d documents below %s: this is not the repository", len(tr.goFiles), len(tr.documents), root)
	}
	return tr
}
