package supervisord

import (
	"strings"

	"initiator/proactor"
)

// A reading with Environment.Mark keeps references to the environment apart
// from their values: %(ENV_X)s is read as markBegin, X, markEnd. A program that
// writes the configuration anew can then refer to the variable as well, and
// does not write a secret into a file.
const (
	markBegin = "\x02"
	markEnd   = "\x03"
)

// MarkVariable returns the mark of a variable, which a reading with
// Environment.Mark has instead of its value.
func MarkVariable(variable string) string { return markBegin + variable + markEnd }

// ExpandMarks calls f for each mark in s, and returns s with the marks replaced
// by the results.
func ExpandMarks(s string, f func(variable string) string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, markBegin)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		variable, after, _ := strings.Cut(rest, markEnd)
		b.WriteString(f(variable))
		s = after
	}
}

// ResolveMarks returns s with the marks replaced by the values of their
// variables.
func (f *File) ResolveMarks(s string) string {
	if f.lookup == nil || !strings.Contains(s, markBegin) {
		return s
	}
	return ExpandMarks(s, func(variable string) string {
		v, _ := f.lookup(variable)
		return v
	})
}

// readVariables reads an environment. It keeps a mark only in a value that is
// the same with the mark and without: white space or a comma in a variable
// divides an unquoted value, and its mark does not.
func (f *File) readVariables(s string) ([]proactor.Entry, error) {
	real, err := readVariables(f.ResolveMarks(s))
	if err != nil || f.lookup == nil {
		return real, err
	}
	marked, err := variablesOf(s, wordChars+markBegin+markEnd)
	if err != nil || len(marked) != len(real) {
		return real, nil
	}
	for i := range real {
		if marked[i].Key == real[i].Key && f.ResolveMarks(marked[i].Value) == real[i].Value {
			real[i].Value = marked[i].Value
		}
	}
	return real, nil
}
