package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Inheritance selects the variables of the initiator's own environment that a
// worker's process inherits. The zero value selects all.
type Inheritance struct {
	// Restricted selects only the variables of Patterns.
	Restricted bool
	// Patterns are names of variables. A pattern with a * at its end matches every
	// name that begins with the rest of the pattern.
	Patterns []string
	// Withheld are variables that secret keys of the file name, sorted, as far as
	// the process would inherit them. It does not. A reload that changes the list
	// restarts the worker, as for another value of the key.
	Withheld []string
}

// Selects reports whether a process inherits the variable of a name.
func (i Inheritance) Selects(name string) bool {
	return i.matches(name) && !slices.Contains(i.Withheld, name)
}

func (i Inheritance) matches(name string) bool {
	return !i.Restricted || slices.ContainsFunc(i.Patterns, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return name == pattern || open && strings.HasPrefix(name, prefix)
	})
}

// withhold returns the inheritance without the secret variables.
func (i Inheritance) withhold(secret []string) Inheritance {
	i.Withheld = nil
	for _, name := range secret {
		if i.matches(name) {
			i.Withheld = append(i.Withheld, name)
		}
	}
	return i
}

var inheritance = kind[Inheritance]{name: "all, none or a list of names", format: formatInheritance, parse: parseInheritance}

// inheritedName matches the name of a variable, with or without a * at its end.
var inheritedName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*\*?$`) })

func parseInheritance(s string) (Inheritance, error) {
	switch s {
	case "all":
		return Inheritance{}, nil
	case "none":
		return Inheritance{Restricted: true}, nil
	}
	names := splitItems(s)
	for _, name := range names {
		if !inheritedName().MatchString(name) || strings.EqualFold(name, "all") || strings.EqualFold(name, "none") {
			return Inheritance{}, valueFault{fmt.Sprintf("%q is not the name of a variable", name), "write all, none or names, as PATH,LANG,LC_*"}
		}
	}
	return Inheritance{Restricted: true, Patterns: names}, nil
}

func formatInheritance(i Inheritance) string {
	switch {
	case !i.Restricted:
		return "all"
	case len(i.Patterns) == 0:
		return "none"
	}
	return strings.Join(i.Patterns, ",")
}
