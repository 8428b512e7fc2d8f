package plan

import (
	"fmt"
	"slices"
	"strings"
)

// checkAfter finds dependencies on nobody, and circles in which everybody
// would wait for ever.
func (d *draft) checkAfter() {
	for _, s := range d.plan.Workers {
		for _, dep := range s.After {
			if _, known := d.plan.FindSpec(dep.Name); !known {
				d.faultAt("worker:"+s.Name, "after", fmt.Sprintf("there is no [worker:%s]", dep.Name), d.meant(dep.Name))
			}
		}
	}
	for _, circle := range d.plan.circles() {
		first := circle[0]
		d.faultAt("worker:"+first, "after", "each waits for the next: "+strings.Join(append(circle, first), " → "), "remove one of these dependencies")
	}
}

// circles returns each circle once, from the worker in it that a walk in the
// order of the file meets first.
func (p *Plan) circles() [][]string {
	w := walk{plan: p, done: map[string]bool{}}
	for _, s := range p.Workers {
		w.visit(s.Name)
	}
	return w.found
}

// walk is a depth-first search along `after`.
type walk struct {
	plan  *Plan
	path  []string
	done  map[string]bool
	found [][]string
}

func (w *walk) visit(name string) {
	if at := slices.Index(w.path, name); at >= 0 {
		w.found = append(w.found, slices.Clone(w.path[at:]))
		return
	}
	s, known := w.plan.FindSpec(name)
	if !known || w.done[name] {
		return
	}
	w.path = append(w.path, name)
	for _, dep := range s.After {
		w.visit(dep.Name)
	}
	w.path = w.path[:len(w.path)-1]
	w.done[name] = true
}
