package proactor

import (
	"fmt"
	"slices"
	"strings"
)

// shownFaults bounds the text of [Faults.Error]: a file that is not an INI
// file would otherwise print one fault for each of its lines.
const shownFaults = 50

// Fault is one thing that is wrong in an INI file. It also says what would be
// right, because the reader is the author of the file.
type Fault struct {
	// File and Line say where; Line counts from 1, and 0 means the whole file.
	File string
	Line int
	// Section and Key are empty where the fault belongs to no section or key.
	Section, Key string
	// Problem says what is wrong, Remedy what to write instead. Neither ends
	// with a full stop, and Remedy may be empty.
	Problem, Remedy string
}

// Error returns "file:line: section, key: problem; remedy".
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.File != "" {
		b.WriteString(": ")
	}
	b.WriteString(f.placeText())
	b.WriteString(f.Problem)
	if f.Remedy != "" {
		b.WriteString("; " + f.Remedy)
	}
	return b.String()
}

func (f Fault) placeText() string {
	switch {
	case f.Section != "" && f.Key != "":
		return f.Section + ", " + f.Key + ": "
	case f.Section+f.Key != "":
		return f.Section + f.Key + ": "
	}
	return ""
}

// Faults are all faults of one reading, in the order of file and line. All faults
// of a file are returned together, so that they can be corrected together.
type Faults []Fault

// Error returns one line for each of the first 50 faults, and the number of the
// rest.
func (f Faults) Error() string {
	var lines []string
	for i, fault := range f {
		if i == shownFaults {
			lines = append(lines, fmt.Sprintf("… and %d more", len(f)-i))
			break
		}
		lines = append(lines, fault.Error())
	}
	return strings.Join(lines, "\n")
}

// Err sorts the faults, removes duplicates, and returns nil when there are no
// faults.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	sorted := slices.Clone(f)
	slices.SortStableFunc(sorted, byPlace)
	return slices.CompactFunc(sorted, sameFault)
}

func byPlace(a, b Fault) int {
	if c := strings.Compare(a.File, b.File); c != 0 {
		return c
	}
	return a.Line - b.Line
}

// sameFault ignores the section: a fault in [DEFAULT] is found once in every section
// that inherits it.
func sameFault(a, b Fault) bool {
	return a.File == b.File && a.Line == b.Line && a.Key == b.Key && a.Problem == b.Problem
}
