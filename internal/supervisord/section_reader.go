package supervisord

import (
	"errors"

	"initiator/proactor"
)

// sectionReader reads the keys of one section, and notes faults and warnings.
type sectionReader struct {
	r       *reader
	section string
	names   names
}

// readValue reads one key. It returns standard when the key is missing or
// faulty.
func readValue[T any](c *sectionReader, key string, standard T, read func(string) (T, error)) T {
	k, there := c.r.doc.findKey(c.section, key)
	if !there {
		return standard
	}
	text, err := expandReferences(k.Raw, c.names)
	if err != nil {
		c.addFault(k, err)
		return standard
	}
	v, err := read(text)
	if real := c.r.file.ResolveMarks(text); err != nil && real != text {
		v, err = read(real) // only text can keep a mark
	}
	if err != nil {
		c.addFault(k, err)
		return standard
	}
	return v
}

// hasKey reports whether the section has the key or inherits it.
func (c *sectionReader) hasKey(key string) bool {
	_, there := c.r.doc.findKey(c.section, key)
	return there
}

func readText(s string) (string, error) { return s, nil }

// expandTwice reads a key that supervisord expands a second time, so that %% in
// it must be written %%%%.
func expandTwice(c *sectionReader, read func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		again, err := expandReferences(s, c.names)
		if err != nil {
			return "", err
		}
		return read(again)
	}
}

func (c *sectionReader) addFault(k Key, err error) {
	f := proactor.Fault{File: k.File, Line: k.Line, Section: c.section, Key: k.Name}
	f.Problem, f.Remedy = explainError(err)
	c.r.faults = append(c.r.faults, f)
}

// explainError returns what is wrong, and what would be right.
func explainError(err error) (problem, remedy string) {
	var w invalidValue
	if errors.As(err, &w) {
		return w.problem, w.remedy
	}
	return err.Error(), ""
}

// addFaultAt reports a fault at the line of the key, or of the section when it
// has no such key.
func (c *sectionReader) addFaultAt(key, problem, remedy string) {
	c.r.faults = append(c.r.faults, c.faultFor(key, problem, remedy))
}

func (c *sectionReader) addWarning(key, problem, remedy string) {
	c.r.file.Warnings = append(c.r.file.Warnings, c.faultFor(key, problem, remedy))
}

func (c *sectionReader) faultFor(key, problem, remedy string) proactor.Fault {
	f := proactor.Fault{File: c.r.file.Path, Section: c.section, Problem: problem, Remedy: remedy}
	if m := c.r.doc.sections[c.section]; m != nil && m.first.Line > 0 {
		f.File, f.Line = m.first.File, m.first.Line
	}
	if k, there := c.r.doc.findKey(c.section, key); there {
		f.File, f.Line, f.Key = k.File, k.Line, key
	}
	return f
}
