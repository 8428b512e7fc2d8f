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

// place is a key as seen from a section, which may inherit it.
type place struct{ section, key string }

func (p place) String() string { return p.section + ":" + p.key }

// expansion is the resolving of one value.
type expansion struct {
	config *Config
	path   []place // from the key asked for down to the one being expanded
	out    strings.Builder
	steps  int
}

// trouble is why a value cannot be resolved.
type trouble struct{ problem, remedy string }

// resolve returns the value of k as the section sees it.
func (c *Config) resolveKey(section string, k Key) (string, *Fault) {
	if !strings.Contains(k.Raw, "$") {
		return k.Raw, nil
	}
	e := &expansion{config: c}
	if t := e.expand(place{section, k.Name}, k.Raw); t != nil {
		return "", &Fault{File: k.File, Line: k.Line, Section: section, Key: k.Name, Problem: t.problem, Remedy: t.remedy}
	}
	return e.out.String(), nil
}

// expand writes the resolved form of raw, which stands at the place at.
func (e *expansion) expand(at place, raw string) *trouble {
	if t := e.tooDeep(at); t != nil {
		return t
	}
	e.path = append(e.path, at)
	defer func() { e.path = e.path[:len(e.path)-1] }()
	for {
		text, rest, more := strings.Cut(raw, "$")
		if t := e.write(text); t != nil || !more {
			return t
		}
		var t *trouble
		if raw, t = e.dollar(at, rest); t != nil {
			return t
		}
	}
}

// dollar handles what follows a dollar sign and returns what follows that.
func (e *expansion) dollar(at place, rest string) (string, *trouble) {
	switch {
	case strings.HasPrefix(rest, "$"):
		return rest[1:], e.write("$")
	case !strings.HasPrefix(rest, "{"):
		return "", &trouble{"a $ is followed by neither { nor $", "write $$ for a dollar sign"}
	}
	name, after, closed := strings.Cut(rest[1:], "}")
	if !closed || name == "" {
		return "", &trouble{
			fmt.Sprintf("%q is not a reference", clip("$"+rest)),
			"write ${key} or ${section:key}, or $$ for a dollar sign",
		}
	}
	return after, e.reference(at, name)
}

// reference writes the value that ${name} stands for.
func (e *expansion) reference(at place, name string) *trouble {
	section, key, qualified := strings.Cut(name, ":")
	if strings.Contains(key, ":") {
		return &trouble{
			fmt.Sprintf("${%s} has more than one colon", name),
			"a section whose name holds a colon cannot be referred to; put the key into [DEFAULT] or a section without one",
		}
	}
	if !qualified {
		section, key = at.section, name
	} else if value, ours, t := e.ask(section, key); ours {
		if t != nil {
			return t
		}
		return e.write(value)
	}
	k, ok := e.config.FindKey(section, key)
	if !ok {
		return e.missing(section, key, name)
	}
	if !k.Valued {
		return &trouble{fmt.Sprintf("${%s} refers to a key without a value", name), fmt.Sprintf("write %q on line %d of %s", k.Name+" =", k.Line, k.File)}
	}
	if !strings.Contains(k.Raw, "$") {
		return e.write(k.Raw)
	}
	return e.expand(place{section, k.Name}, k.Raw)
}

func (e *expansion) ask(section, key string) (string, bool, *trouble) {
	if e.config.lookup == nil {
		return "", false, nil
	}
	value, ours, err := e.config.lookup(section, key)
	if err != nil {
		problem, remedy, _ := strings.Cut(err.Error(), "; ")
		return "", true, &trouble{problem, remedy}
	}
	return value, ours, nil
}

func (e *expansion) missing(section, key, name string) *trouble {
	s := e.config.Section(section)
	if s == nil {
		t := &trouble{fmt.Sprintf("${%s} refers to [%s], which does not exist", name, section), ""}
		t.remedy = suggestion(section, e.config.sectionNames(), "define the section, or write $$ for a dollar sign")
		return t
	}
	var names []string
	for _, k := range e.config.visibleKeys(section) {
		names = append(names, k.Name)
	}
	return &trouble{
		fmt.Sprintf("${%s} refers to a key that neither [%s] nor [DEFAULT] has", name, section),
		suggestion(lower(key), names, "define it, or write $$ for a dollar sign"),
	}
}

func suggestion(word string, known []string, otherwise string) string {
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
func (e *expansion) tooDeep(at place) *trouble {
	if loop := slices.Index(e.path, at); loop >= 0 {
		return &trouble{"the value refers to itself: " + pathText(append(slices.Clone(e.path[loop:]), at)), "break the loop"}
	}
	if len(e.path) == maxDepth {
		return &trouble{
			fmt.Sprintf("references are nested more than %d deep: %s", maxDepth, pathText(append(slices.Clone(e.path), at))),
			"shorten the chain",
		}
	}
	return nil
}

func pathText(path []place) string {
	words := make([]string, len(path))
	for i, p := range path {
		words[i] = p.String()
	}
	return strings.Join(words, " → ")
}

func (e *expansion) write(s string) *trouble {
	e.steps++
	if e.steps > maxSteps || e.out.Len()+len(s) > maxExpanded {
		return &trouble{"its references make the value too large", fmt.Sprintf("a value may have %d MiB and %d references", maxExpanded>>20, maxSteps)}
	}
	e.out.WriteString(s)
	return nil
}
