package plan

import (
	"fmt"
	"path/filepath"
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
// in the old directory move to the new one.
func (p *Plan) WithStateDir(dir string) (*Plan, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	moved := *p
	moved.Settings.StateDir = dir
	moved.Workers = make([]Spec, len(p.Workers))
	for i, s := range p.Workers {
		s.Stdout.Path = moveInto(s.Stdout.Path, p.Settings.StateDir, dir)
		s.Stderr.Path = moveInto(s.Stderr.Path, p.Settings.StateDir, dir)
		moved.Workers[i] = s
	}
	return &moved, nil
}

func moveInto(path, old, next string) string {
	rest, ok := strings.CutPrefix(path, old+string(filepath.Separator))
	if !ok {
		return path
	}
	return filepath.Join(next, rest)
}
