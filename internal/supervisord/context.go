package supervisord

import (
	"errors"

	"initiator/proactor"
)

// context is one section while it is read.
type context struct {
	r       *reader
	section string
	names   names
}

// value reads one key: standard where it is absent, and where it is faulty.
func value[T any](c *context, key string, standard T, read func(string) (T, error)) T {
	k, there := c.r.doc.find(c.section, key)
	if !there {
		return standard
	}
	text, err := expand(k.Raw, c.names)
	if err != nil {
		c.fault(k, err)
		return standard
	}
	v, err := read(text)
	if real := c.r.file.Real(text); err != nil && real != text {
		v, err = read(real) // what is no text cannot keep a mark
	}
	if err != nil {
		c.fault(k, err)
		return standard
	}
	return v
}

// given says whether the key stands there or is inherited.
func (c *context) given(key string) bool {
	_, there := c.r.doc.find(c.section, key)
	return there
}

func plain(s string) (string, error) { return s, nil }

// twice reads a key that supervisord expands a second time, so that %% in it
// has to be %%%%.
func twice(c *context, read func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		again, err := expand(s, c.names)
		if err != nil {
			return "", err
		}
		return read(again)
	}
}

func (c *context) fault(k Key, err error) {
	f := proactor.Fault{File: k.File, Line: k.Line, Section: c.section, Key: k.Name}
	f.Problem, f.Remedy = because(err)
	c.r.faults = append(c.r.faults, f)
}

// because is what is wrong, and what would be right.
func because(err error) (problem, remedy string) {
	var w wrong
	if errors.As(err, &w) {
		return w.problem, w.remedy
	}
	return err.Error(), ""
}

// faultAt reports at the line of the key, or of the section when it has none.
func (c *context) faultAt(key, problem, remedy string) {
	c.r.faults = append(c.r.faults, c.at(key, problem, remedy))
}

func (c *context) warn(key, problem, remedy string) {
	c.r.file.Warnings = append(c.r.file.Warnings, c.at(key, problem, remedy))
}

func (c *context) at(key, problem, remedy string) proactor.Fault {
	f := proactor.Fault{File: c.r.file.Path, Section: c.section, Problem: problem, Remedy: remedy}
	if m := c.r.doc.sections[c.section]; m != nil && m.first.Line > 0 {
		f.File, f.Line = m.first.File, m.first.Line
	}
	if k, there := c.r.doc.find(c.section, key); there {
		f.File, f.Line, f.Key = k.File, k.Line, key
	}
	return f
}
