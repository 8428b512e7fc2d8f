package proactor

import (
	"fmt"
	"strings"
)

// statement is a key and the lines that belong to it, before its value is
// put together.
type statement struct {
	section *Section
	key     Key
	first   string   // the value on the key's own line
	more    []string // its continuation lines, stripped
}

// scanner is the pass over the lines that decides, as Python's configparser
// does in its strict mode, what each of them is. It exists because the INI
// package knows no line numbers, merges duplicates silently and takes a
// continuation line for a key.
type scanner struct {
	file     string
	defaults *Section
	sections []*Section
	byName   map[string]*Section
	seen     map[*Section]map[string]int // line of each key so far

	section  *Section   // nil before the first header
	current  *statement // nil directly after a header
	level    int        // indentation of the last header or key
	homeless bool       // a key before the first header was reported

	statements []*statement
	faults     Faults
}

func newScanner(file string) *scanner {
	return &scanner{
		file:     file,
		defaults: newSection(DefaultSection, file, 0),
		byName:   map[string]*Section{},
		seen:     map[*Section]map[string]int{},
	}
}

// line judges one line. The order of the questions is Python's.
func (s *scanner) line(l textLine) {
	value := Strip(l.text)
	switch {
	case value == "":
		s.blank()
	case value[0] == '#' || value[0] == ';':
		// A comment, also between the lines of a value, which go on after it.
	case s.current != nil && indent(l.text) > s.level:
		s.continuation(l, value)
	default:
		s.level = indent(l.text)
		s.start(l, value)
	}
}

func (s *scanner) blank() {
	if s.current != nil && s.current.key.Valued {
		s.current.more = append(s.current.more, "")
	}
}

func (s *scanner) continuation(l textLine, value string) {
	if s.current.key.Valued {
		s.current.more = append(s.current.more, value)
		return
	}
	s.fault(l, s.current.key.Name, "an indented line continues a key that has no value",
		fmt.Sprintf("write %q on line %d, or start this line further left", s.current.key.Name+" =", s.current.key.Line))
}

func (s *scanner) start(l textLine, value string) {
	if value[0] == '[' {
		s.header(l, value)
		return
	}
	if s.section == nil {
		s.orphan(l)
		return
	}
	s.key(l, value)
}

// orphan reports only the first key before any header: the rest follow from it.
func (s *scanner) orphan(l textLine) {
	if !s.homeless {
		s.fault(l, "", "a key stands before the first section header", "put a header such as [initiator] above it")
	}
	s.homeless = true
}

// header enters a section. Its name reaches to the last bracket of the line,
// and what follows that is ignored, as in Python.
func (s *scanner) header(l textLine, value string) {
	s.current = nil
	end := strings.LastIndexByte(value, ']')
	name := value[1:max(end, 1)]
	if end < 0 || name == "" {
		s.section = nil
		s.homeless = true
		problem := fmt.Sprintf("the section header %q has no closing bracket", clip(value))
		if end >= 0 {
			problem = "the section header has no name"
		}
		s.fault(l, "", problem, "write it as [name]")
		return
	}
	if name == DefaultSection {
		s.section = s.defaults
		return
	}
	s.section = newSection(name, s.file, l.number)
	if before, twice := s.byName[name]; twice {
		s.fault(l, "", fmt.Sprintf("the section is already on line %d", before.Line), "move these keys there, or rename one of the two")
		return
	}
	s.byName[name] = s.section
	s.sections = append(s.sections, s.section)
}

// key begins a key; the first = or : ends its name. A faulty one still
// becomes current, so that its continuation lines are not taken for keys.
func (s *scanner) key(l textLine, value string) {
	name, rest, valued := value, "", false
	if at := strings.IndexAny(value, "=:"); at >= 0 {
		name, rest, valued = value[:at], value[at+1:], true
	}
	k := Key{Name: lower(rstrip(name)), Valued: valued, File: s.file, Line: l.number}
	s.current = &statement{section: s.section, key: k, first: Strip(rest)}
	if k.Name == "" {
		s.fault(l, "", fmt.Sprintf("there is no key before the %q", value[:1]), "write it as: key = value")
		return
	}
	if s.duplicate(l, k.Name) || !s.registered() {
		return
	}
	s.statements = append(s.statements, s.current)
}

// registered is false inside a section that stands in the file twice: its keys
// are judged and not kept.
func (s *scanner) registered() bool {
	return s.section == s.defaults || s.byName[s.section.Name] == s.section
}

func (s *scanner) duplicate(l textLine, name string) bool {
	seen := s.seen[s.section]
	if seen == nil {
		seen = map[string]int{}
		s.seen[s.section] = seen
	}
	if before, twice := seen[name]; twice {
		s.fault(l, name, fmt.Sprintf("the key is already on line %d", before), "keep one of the two")
		return true
	}
	seen[name] = l.number
	return false
}

func (s *scanner) fault(l textLine, key, problem, remedy string) {
	f := Fault{File: s.file, Line: l.number, Key: key, Problem: problem, Remedy: remedy}
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

// config puts the document together from what go-ini made of the statements.
func (s *scanner) config() (*Config, error) {
	if err := readValues(s.statements); err != nil {
		return nil, Faults{{File: s.file, Problem: err.Error()}}
	}
	for _, st := range s.statements {
		st.key.Raw = rstrip(strings.Join(append([]string{st.first}, st.more...), "\n"))
		st.section.add(st.key)
	}
	return &Config{defaults: s.defaults, sections: s.sections, byName: s.byName}, nil
}
