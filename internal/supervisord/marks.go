package supervisord

import (
	"strings"

	"initiator/proactor"
)

// A reading with World.Mark keeps references to the environment apart from
// their values: %(ENV_X)s is markBegin, X, markEnd in what comes out. Whoever
// writes the configuration anew can then refer to the variable as well, and
// need not write a secret into a file.
const (
	markBegin = "\x02"
	markEnd   = "\x03"
)

// MarkVariable is what a marked reading has in the place of a variable.
func MarkVariable(variable string) string { return markBegin + variable + markEnd }

// ExpandMarks calls f for each mark in s, and returns s with what f returns in their
// places.
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

// ResolveMarks is s with the values in the places of marks.
func (f *File) ResolveMarks(s string) string {
	if f.lookup == nil || !strings.Contains(s, markBegin) {
		return s
	}
	return ExpandMarks(s, func(variable string) string {
		v, _ := f.lookup(variable)
		return v
	})
}

// readVariables reads an environment. Marks are kept in the values that are the
// same with and without them: white space or a comma in a variable parts an
// unquoted value, where its mark does not.
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
