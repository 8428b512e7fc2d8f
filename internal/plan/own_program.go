package plan

import (
	"slices"
	"strings"
)

// commandLines returns every command of the definition, split into words; nil for a
// command that the definition does not have.
func (s *Spec) commandLines() [][]string {
	return [][]string{s.Command, s.Exec, s.Interpreter, s.StopCommand, s.BeforeStart, s.ReloadCommand, s.CheckCommand, s.Probe.Command}
}

// RunsProgram reports whether a process of the definition's workers is the
// initiator's own program, whose path is self: a command names the program, or the
// definition has the key exec, for which the program starts itself as the worker.
func (s *Spec) RunsProgram(self string) bool {
	return s.Exec != nil || slices.ContainsFunc(s.commandLines(), func(words []string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(word, self) })
	})
}
