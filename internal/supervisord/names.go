package supervisord

import "strings"

// names holds what the values of one section can refer to: names of its own,
// the variables of the environment, and the variables that programs have set.
// Values are strings or ints.
type names struct {
	own map[string]any
	env func(string) (string, bool) // with the variables of [supervisord]; the name without ENV_
	// set holds variables of the program itself, by their full names, for later
	// keys of its section.
	set map[string]string
}

func (n names) findName(name string) (any, bool) {
	if v, ok := n.set[name]; ok {
		return v, true
	}
	if variable, ok := strings.CutPrefix(name, "ENV_"); ok {
		if v, ok := n.env(variable); ok {
			return v, true
		}
	}
	v, ok := n.own[name]
	return v, ok
}

// ownNames lists the names for a suggestion.
func (n names) ownNames() []string {
	var all []string
	for w := range n.own {
		all = append(all, w)
	}
	return all
}

// lookupVariable looks a variable up in the environment of [supervisord] and
// then of the process.
func (r *reader) lookupVariable(name string) (string, bool) {
	for _, e := range r.file.Settings.Environment {
		if e.Key == name {
			return e.Value, true
		}
	}
	if r.environment.Lookup == nil {
		return "", false
	}
	v, ok := r.environment.Lookup(name)
	if ok && r.environment.Mark {
		v = MarkVariable(name)
	}
	return v, ok
}
