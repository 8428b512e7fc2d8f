package plan

import (
	"fmt"
	"slices"
	"strings"
)

// checkAfter finds dependencies on workers that do not exist, and circles of
// dependencies, in which no worker could ever start.
func (d *draft) checkAfter() {
	for _, s := range d.plan.Workers {
		for _, dep := range s.After {
			if d.isUnknown(dep.Name) {
				d.addFault("worker:"+s.Name, "after", fmt.Sprintf("there is no [worker:%s]", dep.Name), d.suggestWorker(dep.Name))
			}
		}
	}
	for _, circle := range d.plan.findCircles() {
		first := circle[0]
		d.addFault("worker:"+first, "after", "each waits for the next: "+strings.Join(append(circle, first), " → "), "remove one of these dependencies")
	}
}

// findCircles returns each circle once. It begins with the worker that a
// search in the order of the file finds first.
func (p *Plan) findCircles() [][]string {
	w := circleSearch{plan: p, done: map[string]bool{}}
	for _, s := range p.Workers {
		w.visitWorker(s.Name)
	}
	return w.found
}

// circleSearch is a depth-first search along the key after.
type circleSearch struct {
	plan  *Plan
	path  []string
	done  map[string]bool
	found [][]string
}

func (w *circleSearch) visitWorker(name string) {
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
		w.visitWorker(dep.Name)
	}
	w.path = w.path[:len(w.path)-1]
	w.done[name] = true
}
