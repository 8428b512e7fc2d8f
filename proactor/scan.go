package proactor

import (
	"fmt"
	"strings"
)

// statement is a key with its value, from its first line to its last
// continuation line. [readStatements] fills in the name and the value.
type statement struct {
	section *Section
	key     Key
	lines   []string // stripped; the first holds the key
	stray   []int    // continuation lines of a key that has no value
	kept    bool     // false in a section that stands in the file twice
}

// scanner joins the continuation lines of a document and marks its comments,
// headers and keys without a value, by the rules of Python's configparser in
// strict mode. go-ini cannot do this: it knows no line numbers, merges
// duplicates and takes a continuation line for a key.
type scanner struct {
	file     string
	defaults *Section
	sections []*Section
	byName   map[string]*Section

	section  *Section   // nil before the first header
	current  *statement // nil directly after a header
	level    int        // indentation of the last header or key
	homeless bool       // a key before the first header has been reported

	statements []*statement
	faults     Faults
}

func newScanner(file string) *scanner {
	return &scanner{file: file, defaults: newSection(DefaultSection, file, 0), byName: map[string]*Section{}}
}

// scanLine decides what a line is. The order of the questions is Python's.
func (s *scanner) scanLine(l textLine) {
	text := trimSpace(l.text)
	switch {
	case text == "":
		s.addBlankLine()
	case text[0] == '#' || text[0] == ';':
		// A comment. One between the lines of a value does not end the value.
	case s.current != nil && indent(l.text) > s.level:
		s.addContinuation(l, text)
	default:
		s.level = indent(l.text)
		s.startStatement(l, text)
	}
}

func (s *scanner) addBlankLine() {
	if s.current != nil && s.current.key.Valued {
		s.current.lines = append(s.current.lines, "")
	}
}

func (s *scanner) addContinuation(l textLine, text string) {
	if s.current.key.Valued {
		s.current.lines = append(s.current.lines, text)
		return
	}
	s.current.stray = append(s.current.stray, l.number)
}

func (s *scanner) startStatement(l textLine, text string) {
	switch {
	case text[0] == '[':
		s.enterSection(l, text)
	case s.section == nil:
		s.reportHomelessKey(l)
	default:
		s.addStatement(l, text)
	}
}

// reportHomelessKey reports only the first key before any header, because the
// same header is missing for the keys that follow.
func (s *scanner) reportHomelessKey(l textLine) {
	if !s.homeless {
		s.addFault(l.number, "", "a key stands before the first section header", "put a header such as [initiator] above it")
	}
	s.homeless = true
}

// enterSection reads a header. The name of the section reaches to the last
// bracket of the line, and the rest of the line is ignored, as in Python.
func (s *scanner) enterSection(l textLine, text string) {
	s.current = nil
	end := strings.LastIndexByte(text, ']')
	name := text[1:max(end, 1)]
	if end < 0 || name == "" {
		s.section = nil
		s.homeless = true
		problem := fmt.Sprintf("the section header %q has no closing bracket", clip(text))
		if end >= 0 {
			problem = "the section header has no name"
		}
		s.addFault(l.number, "", problem, "write it as [name]")
		return
	}
	if name == DefaultSection {
		s.section = s.defaults
		return
	}
	s.section = newSection(name, s.file, l.number)
	if before, twice := s.byName[name]; twice {
		s.addFault(l.number, "", fmt.Sprintf("the section is already on line %d", before.Line), "move these keys there, or rename one of the two")
		return
	}
	s.byName[name] = s.section
	s.sections = append(s.sections, s.section)
}

// addStatement begins a statement. A line without = and : is a key without a
// value.
func (s *scanner) addStatement(l textLine, text string) {
	s.current = &statement{
		section: s.section,
		key:     Key{Valued: strings.ContainsAny(text, "=:"), File: s.file, Line: l.number},
		lines:   []string{text},
		kept:    s.section == s.defaults || s.byName[s.section.Name] == s.section,
	}
	s.statements = append(s.statements, s.current)
}

// buildConfig puts the document together from the keys that go-ini has read.
func (s *scanner) buildConfig() (*Config, error) {
	if err := readStatements(s.statements); err != nil {
		return nil, Faults{{File: s.file, Problem: err.Error()}}
	}
	lines := map[*Section]map[string]int{}
	for _, st := range s.statements {
		if lines[st.section] == nil {
			lines[st.section] = map[string]int{}
		}
		if s.checkStatement(st, lines[st.section]) && st.kept {
			st.section.addKey(st.key)
		}
	}
	return &Config{defaults: s.defaults, sections: s.sections, byName: s.byName}, nil
}

// checkStatement reports what is wrong with a statement, and returns whether
// its key can be used. The map holds the line of each earlier key of the section.
func (s *scanner) checkStatement(st *statement, lines map[string]int) bool {
	s.section = st.section
	for _, line := range st.stray {
		s.addFault(line, st.key.Name, "an indented line continues a key that has no value",
			fmt.Sprintf("write %q on line %d, or start this line further left", st.key.Name+" =", st.key.Line))
	}
	if st.key.Name == "" {
		s.addFault(st.key.Line, "", fmt.Sprintf("there is no key before the %q", st.lines[0][:1]), "write it as: key = value")
		return false
	}
	if before, twice := lines[st.key.Name]; twice {
		s.addFault(st.key.Line, st.key.Name, fmt.Sprintf("the key is already on line %d", before), "keep one of the two")
		return false
	}
	lines[st.key.Name] = st.key.Line
	return true
}

func (s *scanner) addFault(line int, key, problem, remedy string) {
	f := Fault{File: s.file, Line: line, Key: key, Problem: problem, Remedy: remedy}
	if s.section != nil {
		f.Section = s.section.Name
	}
	s.faults = append(s.faults, f)
}

// clip keeps a quoted line short enough for a message.
func clip(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
