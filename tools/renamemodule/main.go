// Command renamemodule gives the module another path: in go.mod files, imports,
// scripts, linter settings and documents of the tree in which it is run.
//
//	go run tools/renamemodule/main.go example.org/you/initiator
//
// The module has no published home yet; this command is how it gets one. Only
// paths of packages change. The program is still called initiator, and so is
// every folder.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "renamemodule:", err)
		os.Exit(1)
	}
}

// run renames the module of the current directory to its only argument.
func run(args []string) error {
	if len(args) != 1 || !validPath.MatchString(args[0]) {
		return errors.New("usage: go run tools/renamemodule/main.go NEW/MODULE/PATH")
	}
	old, err := moduleOf("go.mod")
	if err != nil {
		return err
	}
	r, err := newRenamer(old, args[0])
	if err != nil {
		return err
	}
	changed, err := r.renameTree(".")
	if err != nil {
		return err
	}
	fmt.Printf("renamed module %s to %s in %d files\n", old, args[0], changed)
	return nil
}

// validPath is a slash-separated path that is safe in every file it goes to.
var validPath = regexp.MustCompile(`^[A-Za-z0-9][\w.~-]*(/[A-Za-z0-9][\w.~-]*)*$`)

// moduleOf reads the module directive of a go.mod file.
func moduleOf(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the module's path: %w", err)
	}
	m := regexp.MustCompile(`(?m)^module\s+(\S+)`).FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s has no module directive", file)
	}
	return string(m[1]), nil
}

// A renamer replaces one module path by another in text.
type renamer struct {
	packages  *regexp.Regexp // a package of the module
	module    *regexp.Regexp // the module itself, in go.mod files and settings
	goModules *regexp.Regexp // the module itself, in commands such as go mod edit
	to        string
}

// newRenamer compiles the patterns for a tree whose folders with packages are
// read from the disk: a path is one of this module's packages only when it goes
// on with one of its folders. So the folder initiator/ is not taken for the
// module initiator.
func newRenamer(old, to string) (*renamer, error) {
	entries, err := os.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list the folders: %w", err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			folders = append(folders, regexp.QuoteMeta(e.Name()))
		}
	}
	q := regexp.QuoteMeta(old)
	return &renamer{
		packages:  regexp.MustCompile(`(^|[^\w./-])` + q + `/(` + strings.Join(folders, "|") + `)\b`),
		module:    regexp.MustCompile(`(?m)^(module |replace |\s*module-path: |\s*require |\t)` + q + `(/tools|/bench/\w+)?( |$)`),
		goModules: regexp.MustCompile(`(-require=?\s*|-replace=?\s*)` + q + `([@=])`),
		to:        to,
	}, nil
}

// renameTree rewrites every text file below dir and returns how many changed.
func (r *renamer) renameTree(dir string) (changed int, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == ".git" || e.Name() == "node_modules"):
			return filepath.SkipDir
		case !e.Type().IsRegular() || !r.mayNameModule(path):
			return nil
		}
		done, err := r.renameFile(path)
		if done {
			changed++
		}
		return err
	})
	return changed, err
}

// mayNameModule reports whether files of this name can hold a package's path.
func (r *renamer) mayNameModule(path string) bool {
	switch filepath.Ext(path) {
	case ".go", ".mod", ".work", ".md", ".yml", ".yaml", ".txt", ".txtar", ".sh":
		return true
	}
	return filepath.Base(filepath.Dir(path)) == ".ci"
}

// renameFile rewrites one file if it names the module.
func (r *renamer) renameFile(path string) (changed bool, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	s := r.rename(string(text), filepath.Ext(path) == ".go")
	if s == string(text) {
		return false, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(path, []byte(s), info.Mode().Perm())
}

// rename returns the text with the new path.
func (r *renamer) rename(text string, isGo bool) string {
	text = r.packages.ReplaceAllString(text, "${1}"+r.to+"/$2")
	if isGo {
		return text
	}
	text = r.module.ReplaceAllString(text, "${1}"+r.to+"$2$3")
	return r.goModules.ReplaceAllString(text, "${1}"+r.to+"$2")
}
