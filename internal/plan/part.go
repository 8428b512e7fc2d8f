package plan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"initiator/internal/spelling"
)

// OnlyWorkers returns the part of the plan with the named definitions and the
// definitions that they come after. The error names a definition that does not
// exist.
func (p *Plan) OnlyWorkers(names ...string) (*Plan, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		if _, ok := p.FindSpec(name); !ok {
			return nil, fmt.Errorf("there is no [worker:%s] in %s%s", name, p.File, p.suggestSpec(name))
		}
		p.markNeeded(name, wanted)
	}
	part := *p
	part.Workers = nil
	for _, s := range p.Workers {
		if wanted[s.Name] {
			part.Workers = append(part.Workers, s)
		}
	}
	part.Schedules = part.ownSchedules()
	return &part, nil
}

// markNeeded marks a definition and the definitions that it comes after. It also
// ends when the dependencies form a circle.
func (p *Plan) markNeeded(name string, wanted map[string]bool) {
	if wanted[name] {
		return
	}
	wanted[name] = true
	if s, ok := p.FindSpec(name); ok {
		for _, d := range s.After {
			p.markNeeded(d.Name, wanted)
		}
	}
}

func (p *Plan) suggestSpec(name string) string {
	var known []string
	for _, s := range p.Workers {
		known = append(known, s.Name)
	}
	if near, ok := spelling.Nearest(name, known); ok {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// WithStateDir returns the plan with another state directory. The logs that were
// in the old directory move to the new one, also in the entries that a worker
// reads on its stdin.
func (p *Plan) WithStateDir(dir string) (*Plan, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	moved := *p
	moved.Settings.StateDir = dir
	moved.Workers = make([]Spec, len(p.Workers))
	for i := range p.Workers {
		s := p.Workers[i]
		s.Stdout.Path = moveInto(s.Stdout.Path, p.Settings.StateDir, dir)
		s.Stderr.Path = moveInto(s.Stderr.Path, p.Settings.StateDir, dir)
		s.Config = updateEntries(s.Config, &p.Workers[i], &s)
		moved.Workers[i] = s
	}
	return &moved, nil
}

// updateEntries returns the entries with the new value of each key whose value
// differs between two versions of a definition. An entry with another value than
// before's belongs to the user and stays.
func updateEntries(entries []Entry, before, after *Spec) []Entry {
	updated := slices.Clone(entries)
	for _, r := range workerKeys {
		old, next := r.text(before), r.text(after)
		for i := range updated {
			if e := &updated[i]; old != next && e.Key == r.Name && e.Value == old {
				e.Value = next
			}
		}
	}
	return updated
}

func moveInto(path, old, next string) string {
	rest, ok := strings.CutPrefix(path, old+string(filepath.Separator))
	if !ok {
		return path
	}
	return filepath.Join(next, rest)
}
