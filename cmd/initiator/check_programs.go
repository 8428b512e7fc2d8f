package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"initiator/internal/plan"
)

// missingPrograms returns a warning for each program of a plan that does not
// exist now. It is not a fault: the program may be built or installed before
// the worker is started.
func missingPrograms(p *plan.Plan) (warnings []string) {
	for i := range p.Workers {
		s := &p.Workers[i]
		program := commandOf(s)[0]
		if s.NamesIdentity([]string{program}) {
			continue // only a start knows its values
		}
		program = s.FillText(program, plan.Placeholders{Name: s.Name})
		if !programExists(program, s, p.Dir) {
			warnings = append(warnings, fmt.Sprintf("%s:%d: %s: there is no program %s now; install it, or give its path", s.File, s.Line, s.Name, program))
		}
	}
	return warnings
}

// programExists looks in the places in which the start would look. A file that
// cannot be looked at counts as existing.
func programExists(program string, s *plan.Spec, dir string) bool {
	if s.Directory != "" {
		dir = s.Directory
	}
	if strings.Contains(program, "/") {
		return !isMissing(joinDir(dir, program))
	}
	path := ""
	if s.EnvironmentInherit.Selects("PATH") {
		path = os.Getenv("PATH")
	}
	for _, e := range s.Environment {
		if e.Key == "PATH" {
			path = e.Value
		}
	}
	for _, folder := range filepath.SplitList(path) {
		if !isMissing(filepath.Join(joinDir(dir, folder), program)) {
			return true
		}
	}
	return false
}

// joinDir returns a path below dir, or an absolute path unchanged.
func joinDir(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// isMissing reports whether a file certainly does not exist.
func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// plainWord matches an argument that needs no quotes in a shell.
var plainWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w@%+=:,./${}-]+$`) })

// shellQuoted returns a command line as it is typed: arguments with blanks are
// quoted.
func shellQuoted(argv []string) string {
	words := make([]string, 0, len(argv))
	for _, word := range argv {
		if !plainWord().MatchString(word) {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// commandOf returns the command line of a worker.
func commandOf(s *plan.Spec) []string {
	switch {
	case len(s.Exec) > 0:
		return s.Exec
	case len(s.Command) > 0:
		return s.Command
	}
	return append(append([]string(nil), s.Interpreter...), "-m", s.Module)
}
