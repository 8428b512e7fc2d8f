package supervisord

import (
	"fmt"
	"strings"

	"initiator/proactor"
)

// Section is one [name] of a file with its keys. Its fields are only to be
// read.
type Section struct {
	Name     string
	File     string
	Line     int
	Comments []string // the comment lines above it
	Comment  string   // after its header; "" = none
	Keys     []Key
	// After are the comment lines below its last key that end the file.
	After []string
}

// Key is one key as it is written in a file.
type Key struct {
	Name     string // in lower case
	Raw      string // the value before %(…)s is resolved; its lines joined by "\n"
	File     string
	Line     int
	Comments []string // the comment lines above it, and among its lines
	Comment  string   // after it; "" = none
}

// parser follows Python's configparser, and keeps the comments apart.
type parser struct {
	file     string
	sections []*Section
	section  *Section // nil before the first header
	open     bool     // a key is open for continuation lines
	indent   int
	comments []string // since the last key or header
	faults   proactor.Faults
}

func parseFile(file, data string) ([]*Section, proactor.Faults) {
	p := parser{file: file}
	for _, l := range readLines(data) {
		p.parseLine(l)
	}
	if p.section != nil {
		p.section.After = p.comments
	}
	for _, s := range p.sections {
		for i := range s.Keys {
			s.Keys[i].Raw = strings.TrimRightFunc(s.Keys[i].Raw, isSpace)
		}
	}
	return p.sections, p.faults
}

func (p *parser) parseLine(l sourceLine) {
	switch {
	case l.text == "":
		p.parseBlank(l)
	case p.open && l.indent > p.indent:
		p.continueValue(l)
	default:
		p.indent = l.indent
		p.parseItem(l)
	}
}

// parseBlank handles a line without text. An empty line belongs to the value
// above it, which may go on below.
func (p *parser) parseBlank(l sourceLine) {
	if l.comment != "" {
		p.comments = append(p.comments, l.comment)
	}
	if l.blank && p.open {
		p.lastKey().Raw += "\n"
	}
}

func (p *parser) continueValue(l sourceLine) {
	k := p.lastKey()
	k.Raw += "\n" + l.text
	k.Comments = append(k.Comments, p.comments...)
	p.comments = nil
	if l.comment != "" {
		k.Comments = append(k.Comments, l.comment)
	}
}

func (p *parser) lastKey() *Key { return &p.section.Keys[len(p.section.Keys)-1] }

func (p *parser) parseItem(l sourceLine) {
	if name, ok := parseHeader(l.text); ok {
		p.section = &Section{Name: name, File: p.file, Line: l.number, Comments: p.takeComments(), Comment: l.comment}
		p.sections = append(p.sections, p.section)
		p.open = false
		return
	}
	at := strings.IndexAny(l.text, "=:")
	switch {
	case p.section == nil:
		p.addFault(l, "the line stands before the first [section]", "begin with [supervisord]")
		p.section = &Section{File: p.file} // so that it is reported once
	case at < 0:
		p.addFault(l, fmt.Sprintf("%q is neither a [section] nor a key with its value", l.text), "write key = value, or indent it to go on with the value above")
	case trimSpace(l.text[:at]) == "":
		p.addFault(l, "there is no key before the "+l.text[at:at+1], "write key = value")
	default:
		p.addKey(l, at)
	}
}

func (p *parser) addKey(l sourceLine, at int) {
	p.section.Keys = append(p.section.Keys, Key{
		Name: strings.ToLower(trimSpace(l.text[:at])), Raw: trimSpace(l.text[at+1:]),
		File: p.file, Line: l.number, Comments: p.takeComments(), Comment: l.comment,
	})
	p.open = true
}

func (p *parser) takeComments() []string {
	c := p.comments
	p.comments = nil
	return c
}

// parseHeader reads "[name]"; text after the last bracket is ignored.
func parseHeader(text string) (name string, ok bool) {
	end := strings.LastIndexByte(text, ']')
	if text[0] != '[' || end < 2 {
		return "", false
	}
	return text[1:end], true
}

func (p *parser) addFault(l sourceLine, problem, remedy string) {
	p.faults = append(p.faults, proactor.Fault{File: p.file, Line: l.number, Problem: problem, Remedy: remedy})
}
