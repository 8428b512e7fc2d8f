package proactor

import (
	"fmt"
	"slices"
	"strings"

	"initiator/internal/spelling"
)

const (
	// maxDepth is Python's MAX_INTERPOLATION_DEPTH.
	maxDepth = 10
	// maxExpanded and maxSteps stop a small document from growing without
	// end: ten levels of ten references each are 10¹⁰ values. Python has no
	// such limit.
	maxExpanded = MaxConfig
	maxSteps    = 100_000
)

// keyPlace is a key of a section, own or inherited.
type keyPlace struct{ section, key string }

func (p keyPlace) String() string { return p.section + ":" + p.key }

// expansion resolves the references of one value.
type expansion struct {
	config *Config
	path   []keyPlace // from the key asked for down to the one being expanded
	out    strings.Builder
	steps  int
}

// resolveFault says why a value cannot be resolved.
type resolveFault struct{ problem, remedy string }

// resolve returns the value of k as the section sees it.
func (c *Config) resolveKey(section string, k Key) (string, *Fault) {
	if !strings.Contains(k.Raw, "$") {
		return k.Raw, nil
	}
	e := &expansion{config: c}
	if t := e.expandValue(keyPlace{section, k.Name}, k.Raw); t != nil {
		return "", &Fault{File: k.File, Line: k.Line, Section: section, Key: k.Name, Problem: t.problem, Remedy: t.remedy}
	}
	return e.out.String(), nil
}

// expandValue writes the resolved form of raw, which stands at the place at.
func (e *expansion) expandValue(at keyPlace, raw string) *resolveFault {
	if t := e.tooDeep(at); t != nil {
		return t
	}
	e.path = append(e.path, at)
	defer func() { e.path = e.path[:len(e.path)-1] }()
	for {
		text, rest, more := strings.Cut(raw, "$")
		if t := e.appendText(text); t != nil || !more {
			return t
		}
		var t *resolveFault
		if raw, t = e.expandDollar(at, rest); t != nil {
			return t
		}
	}
}

// expandDollar handles a dollar sign, and returns the rest of the text after it.
func (e *expansion) expandDollar(at keyPlace, rest string) (string, *resolveFault) {
	switch {
	case strings.HasPrefix(rest, "$"):
		return rest[1:], e.appendText("$")
	case !strings.HasPrefix(rest, "{"):
		return "", &resolveFault{"a $ is followed by neither { nor $", "write $$ for a dollar sign"}
	}
	name, after, closed := strings.Cut(rest[1:], "}")
	if !closed || name == "" {
		return "", &resolveFault{
			fmt.Sprintf("%q is not a reference", clip("$"+rest)),
			"write ${key} or ${section:key}, or $$ for a dollar sign",
		}
	}
	return after, e.expandReference(at, name)
}

// expandReference writes the value that ${name} stands for.
func (e *expansion) expandReference(at keyPlace, name string) *resolveFault {
	section, key, qualified := strings.Cut(name, ":")
	if strings.Contains(key, ":") {
		return &resolveFault{
			fmt.Sprintf("${%s} has more than one colon", name),
			"a section whose name holds a colon cannot be referred to; put the key into [DEFAULT] or a section without one",
		}
	}
	if !qualified {
		section, key = at.section, name
	} else if value, ours, t := e.askLookup(section, key); ours {
		if t != nil {
			return t
		}
		return e.appendText(value)
	}
	k, ok := e.config.FindKey(section, key)
	if !ok {
		return e.reportMissing(section, key, name)
	}
	if !k.Valued {
		return &resolveFault{fmt.Sprintf("${%s} refers to a key without a value", name), fmt.Sprintf("write %q on line %d of %s", k.Name+" =", k.Line, k.File)}
	}
	if !strings.Contains(k.Raw, "$") {
		return e.appendText(k.Raw)
	}
	return e.expandValue(keyPlace{section, k.Name}, k.Raw)
}

func (e *expansion) askLookup(section, key string) (string, bool, *resolveFault) {
	if e.config.lookup == nil {
		return "", false, nil
	}
	value, ours, err := e.config.lookup(section, key)
	if err != nil {
		problem, remedy, _ := strings.Cut(err.Error(), "; ")
		return "", true, &resolveFault{problem, remedy}
	}
	return value, ours, nil
}

func (e *expansion) reportMissing(section, key, name string) *resolveFault {
	s := e.config.Section(section)
	if s == nil {
		t := &resolveFault{fmt.Sprintf("${%s} refers to [%s], which does not exist", name, section), ""}
		t.remedy = suggestName(section, e.config.sectionNames(), "define the section, or write $$ for a dollar sign")
		return t
	}
	var names []string
	for _, k := range e.config.visibleKeys(section) {
		names = append(names, k.Name)
	}
	return &resolveFault{
		fmt.Sprintf("${%s} refers to a key that neither [%s] nor [DEFAULT] has", name, section),
		suggestName(lower(key), names, "define it, or write $$ for a dollar sign"),
	}
}

func suggestName(word string, known []string, otherwise string) string {
	if near, ok := spelling.Nearest(word, known); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

func (c *Config) sectionNames() []string {
	names := []string{DefaultSection}
	for _, s := range c.sections {
		names = append(names, s.Name)
	}
	return names
}

// tooDeep stops loops, with their path, and chains that are longer than
// Python allows.
func (e *expansion) tooDeep(at keyPlace) *resolveFault {
	if loop := slices.Index(e.path, at); loop >= 0 {
		return &resolveFault{"the value refers to itself: " + pathText(append(slices.Clone(e.path[loop:]), at)), "break the loop"}
	}
	if len(e.path) == maxDepth {
		return &resolveFault{
			fmt.Sprintf("references are nested more than %d deep: %s", maxDepth, pathText(append(slices.Clone(e.path), at))),
			"shorten the chain",
		}
	}
	return nil
}

func pathText(path []keyPlace) string {
	words := make([]string, len(path))
	for i, p := range path {
		words[i] = p.String()
	}
	return strings.Join(words, " → ")
}

func (e *expansion) appendText(s string) *resolveFault {
	e.steps++
	if e.steps > maxSteps || e.out.Len()+len(s) > maxExpanded {
		return &resolveFault{"its references make the value too large", fmt.Sprintf("a value may have %d MiB and %d references", maxExpanded>>20, maxSteps)}
	}
	e.out.WriteString(s)
	return nil
}
