package main

import (
	"regexp"
	"strings"
	"sync"

	"initiator/internal/plan"
)

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
