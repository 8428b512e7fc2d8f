package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"initiator/internal/spelling"
	"initiator/proactor"
)

// readSection fills into with the defaults of the key table, and then with the
// keys of the section and the keys of the table that it inherits from [DEFAULT].
// Other keys of [DEFAULT] belong to the user.
func readSection[S any](d *draft, section, kind string, rows []row[S], into *S) {
	given := map[string]bool{}
	d.given[section] = given
	for _, r := range rows {
		if r.Default != "" {
			if err := r.set(into, r.Default); err != nil {
				panic("default of " + kind + " " + r.Name + ": " + err.Error()) // a slip in the table; a test walks it
			}
		}
	}
	for _, r := range rows {
		if k, ok := d.cfg.FindKey(section, r.Name); ok {
			given[r.Name] = true
			readKey(d, section, r, k, into)
		}
	}
	s := d.cfg.Section(section)
	if s == nil {
		return
	}
	for _, k := range s.Keys {
		if !slices.ContainsFunc(rows, func(r row[S]) bool { return r.Name == k.Name }) {
			d.addKeyFault(section, k, unknownKey(kind, k.Name, rowNames(rows)))
		}
	}
	readAliases(d, section, rows)
}

func readKey[S any](d *draft, section string, r row[S], k proactor.Key, into *S) {
	cfg := d.cfg
	if r.Type == commandLine.name {
		cfg = d.commands
	}
	value, err := d.resolveValue(cfg, section, r.Name)
	switch {
	case err != nil:
		d.faults = append(d.faults, faultsOf(err)...)
	case !k.Valued:
		d.addKeyFault(section, k, valueFault{"the key has no value", "write " + r.Name + " = …"})
	case value == "" && !r.empty:
		d.addKeyFault(section, k, valueFault{"the value is empty", "write a value, or remove the key"})
	default:
		if err := r.set(into, value); err != nil {
			d.addKeyFault(section, k, err)
		}
	}
}

// readAliases refuses two names of one key in the same section.
func readAliases[S any](d *draft, section string, rows []row[S]) {
	given := d.given[section]
	for _, r := range rows {
		if r.aliasOf == "" || !given[r.Name] {
			continue
		}
		if given[r.aliasOf] {
			d.addFault(section, r.Name, r.Name+" is another name of "+r.aliasOf+", and the section has both", "keep one of the two")
		}
		given[r.aliasOf] = true
	}
}

func rowNames[S any](rows []row[S]) []string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Name
	}
	return names
}

// unknownKey returns the fault for a key that is not in the table, with the most
// likely intention.
func unknownKey(kind, key string, known []string) valueFault {
	if slices.Contains(notYet[kind], key) {
		return valueFault{"the key is not supported by this version", "remove it"}
	}
	if remedy, ok := foreign[key]; ok && kind == "worker" {
		return valueFault{"there is no such key", remedy}
	}
	if near, ok := spelling.Nearest(key, known); ok {
		return valueFault{"there is no such key", fmt.Sprintf("did you mean %q?", near)}
	}
	if kind == "worker" {
		return valueFault{"there is no such key", "put keys of your own into [config:NAME]"}
	}
	return valueFault{"there is no such key", "its keys are " + strings.Join(known, ", ")}
}

// addKeyFault reports a fault of a key.
func (d *draft) addKeyFault(section string, k proactor.Key, err error) {
	var w valueFault
	if !errors.As(err, &w) {
		w.problem = err.Error()
	}
	d.faults = append(d.faults, proactor.Fault{
		File: k.File, Line: k.Line, Section: section, Key: k.Name, Problem: w.problem, Remedy: w.remedy,
	})
}

// addFault reports a fault at the line of the key, or of the section when it has
// no such key.
func (d *draft) addFault(section, key, problem, remedy string) {
	f := proactor.Fault{File: d.plan.File, Section: section, Problem: problem, Remedy: remedy}
	if s := d.cfg.Section(section); s != nil {
		f.File, f.Line = s.File, s.Line
	}
	if k, ok := d.cfg.FindKey(section, key); ok {
		f.File, f.Line, f.Key = k.File, k.Line, k.Name
	}
	d.faults = append(d.faults, f)
}

// isGiven reports whether the section has the key or inherits it.
func (d *draft) isGiven(section, key string) bool { return d.given[section][key] }
