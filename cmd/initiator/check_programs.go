package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"initiator/internal/plan"
)

// missingPrograms says which programs of a plan are not there now. It is no fault: they
// may be built or installed before they are started.
func missingPrograms(p *plan.Plan) (warnings []string) {
	for i := range p.Workers {
		s := &p.Workers[i]
		program := commandOf(s)[0]
		if !programExists(program, s, p.Dir) {
			warnings = append(warnings, fmt.Sprintf("%s:%d: %s: there is no program %s now; install it, or give its path", s.File, s.Line, s.Name, program))
		}
	}
	return warnings
}

// programExists looks where the start would look. Only what is certainly missing
// counts: a file that cannot be looked at may be there.
func programExists(program string, s *plan.Spec, dir string) bool {
	if s.Directory != "" {
		dir = s.Directory
	}
	if strings.Contains(program, "/") {
		return !isMissing(joinDir(dir, program))
	}
	path := os.Getenv("PATH")
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

func joinDir(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// plainWord is an argument that every shell leaves as it is.
var plainWord = regexp.MustCompile(`^[\w@%+=:,./${}-]+$`)

// shellQuoted is a command as one would write it: what has blanks in it is quoted.
func shellQuoted(argv []string) string {
	words := make([]string, 0, len(argv))
	for _, word := range argv {
		if !plainWord.MatchString(word) {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func commandOf(s *plan.Spec) []string {
	switch {
	case len(s.Exec) > 0:
		return s.Exec
	case len(s.Command) > 0:
		return s.Command
	}
	return append(append([]string(nil), s.Interpreter...), "-m", s.Module)
}
