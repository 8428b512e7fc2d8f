package dotenv

import (
	"fmt"
	"strings"
	"unicode"
)

// Lookup returns the value of a variable from outside the file, as os.LookupEnv
// does.
type Lookup func(name string) (value string, ok bool)

// Variable is one variable that the file sets. Its line counts from 1.
type Variable struct {
	Name, Value string
	Line        int
}

// Notice is a fault of one line, or a hint to the author of the file. It
// quotes no value, because a value may be a secret.
type Notice struct {
	Line            int
	Problem, Remedy string
}

// File is what a text says.
type File struct {
	// Variables are in the order of the text. A name that stands there several
	// times has its last value and occurs once.
	Variables []Variable
	// Faults are the lines that were refused. A file with faults must not be
	// used.
	Faults []Notice
	// Warnings are references to variables that are not set, whose value is empty
	// for this reason.
	Warnings []Notice
}

// maxFaults is how many faults Parse reports: a file of another kind has a fault
// in each line.
const maxFaults = 20

// maxValue is the length of a variable in bytes, a little less than the 128 KiB
// that Linux allows for a name and its value.
const maxValue = 127 << 10

// Parse reads a text. Lookup answers for bare names and for references, before
// the variables of the text itself; nil = no variable is set.
func Parse(text string, lookup Lookup) File {
	p := &parser{rest: strings.TrimPrefix(text, "\uFEFF"), line: 1, outside: lookup, index: map[string]int{}}
	for p.skipToStatement() && len(p.file.Faults) < maxFaults {
		p.parseStatement()
	}
	return p.file
}

// parser goes through a text once.
type parser struct {
	rest    string // the text that was not read yet
	line    int    // of rest
	outside Lookup
	file    File
	index   map[string]int // of each name in file.Variables
}

// skipToStatement skips blank lines and comments. It returns false at the end of
// the text.
func (p *parser) skipToStatement() bool {
	for {
		p.skip(len(p.rest) - len(strings.TrimLeftFunc(p.rest, unicode.IsSpace)))
		if p.rest == "" {
			return false
		}
		if p.rest[0] != '#' {
			return true
		}
		p.skip(len(firstLine(p.rest)))
	}
}

// skip skips so many bytes and counts their lines.
func (p *parser) skip(n int) {
	p.line += strings.Count(p.rest[:n], "\n")
	p.rest = p.rest[n:]
}

// parseStatement reads NAME=value, NAME: value or a bare NAME, each of them also
// after the word export. After a fault, reading goes on in the next line.
func (p *parser) parseStatement() {
	p.skipExport()
	line := p.line
	name, end, fault := p.readName()
	if fault != nil {
		p.addFault(line, *fault)
		p.skip(len(firstLine(p.rest)))
		return
	}
	if end == '\n' {
		if value, ok := p.lookUpOutside(name); ok {
			p.setVariable(name, value, line)
		}
		return
	}
	value, fault := p.readValue()
	if fault == nil {
		fault = checkValue(value)
	}
	if fault != nil {
		p.addFault(line, *fault)
		return
	}
	p.setVariable(name, value, line)
}

// skipExport skips the word export and the blanks after it.
func (p *parser) skipExport() {
	after, found := strings.CutPrefix(p.rest, "export")
	if found && after != "" && strings.ContainsRune("\t\n\f\r ", rune(after[0])) {
		p.rest = strings.TrimLeftFunc(after, isBlank)
	}
}

// readName reads a name up to its end, which is '=', ':' or, for a bare name, the
// end of the line, and the blanks after it.
func (p *parser) readName() (name string, end byte, fault *Notice) {
	at := strings.IndexAny(p.rest, "=:\n")
	if at < 0 {
		return "", 0, &Notice{Problem: "a bare name has no line end after it, and Docker Compose does not read it", Remedy: "end the file with a line end, or write NAME=value"}
	}
	name, end = strings.TrimRightFunc(p.rest[:at], isBlank), p.rest[at]
	if fault := checkName(name); fault != nil {
		return "", 0, fault
	}
	p.skip(at + 1)
	p.rest = strings.TrimLeftFunc(p.rest, isBlank)
	return name, end, nil
}

// checkName refuses what Compose refuses, empty names, and names with any white
// space, some of which Compose takes as part of the name.
func checkName(name string) *Notice {
	if name == "" {
		return &Notice{Problem: "there is no name before the value", Remedy: "write NAME=value"}
	}
	for _, r := range name {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), strings.ContainsRune("_.-[]", r):
		case unicode.IsSpace(r):
			return &Notice{Problem: "there is a space in the name", Remedy: "write NAME=value, and a value of several lines in quotation marks"}
		default:
			return &Notice{Problem: fmt.Sprintf("a name cannot have the character %q", r), Remedy: "write NAME=value; a comment begins with #"}
		}
	}
	return nil
}

// checkValue refuses what no environment can hold.
func checkValue(value string) *Notice {
	switch {
	case strings.Contains(value, "\x00"):
		return &Notice{Problem: "the value has a NUL byte, which no variable can hold", Remedy: "remove it"}
	case len(value) > maxValue:
		return &Notice{Problem: "the value is longer than a variable can be", Remedy: "write it to a file of its own, and set the path of the file"}
	}
	return nil
}

func (p *parser) setVariable(name, value string, line int) {
	v := Variable{Name: name, Value: value, Line: line}
	if i, there := p.index[name]; there {
		p.file.Variables[i] = v
		return
	}
	p.index[name] = len(p.file.Variables)
	p.file.Variables = append(p.file.Variables, v)
}

func (p *parser) lookUpOutside(name string) (string, bool) {
	if p.outside == nil {
		return "", false
	}
	return p.outside(name)
}

// lookUpVariable returns a variable from outside, or a variable of the lines so
// far.
func (p *parser) lookUpVariable(name string) (string, bool) {
	if value, ok := p.lookUpOutside(name); ok {
		return value, true
	}
	if i, ok := p.index[name]; ok {
		return p.file.Variables[i].Value, true
	}
	return "", false
}

func (p *parser) addFault(line int, fault Notice) {
	fault.Line = line
	p.file.Faults = append(p.file.Faults, fault)
}

// firstLine returns the text before the first line end.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// isBlank reports whether a rune is white space within a line.
func isBlank(r rune) bool {
	switch r {
	case '\t', '\v', '\f', '\r', ' ', '\u0085', '\u00a0':
		return true
	}
	return false
}
