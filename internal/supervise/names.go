package supervise

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"initiator/internal/spelling"
)

// UnknownNameError is about a name that no worker, group or GUID has.
type UnknownNameError struct {
	Name  string
	Known []string // all definitions, sorted
}

// Error suggests a similar name, or else lists the names that exist.
func (e *UnknownNameError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no worker %s; the INI defines no worker", e.Name)
	}
	return fmt.Sprintf("there is no worker %s; %s", e.Name, spelling.Suggest(e.Name, e.Known))
}

func (l *loop) unknownName(name string) error {
	known := make([]string, 0, len(l.pools))
	for k := range l.pools {
		known = append(known, k)
	}
	slices.Sort(known)
	return &UnknownNameError{Name: name, Known: known}
}

// maxUnknown is how many unknown names the error of a request explains. Each
// explanation compares the name with every definition.
const maxUnknown = 20

// chooseWorkers resolves names of definitions, names of groups, GUIDs, or
// "all". A name that is given twice counts once. The error explains the unknown
// names; then no worker is returned.
func (l *loop) chooseWorkers(names []string) (chosen []*worker, err error) {
	seen := map[*worker]bool{}
	named := map[string]bool{}
	var unknown []error
	more := 0
	for _, name := range names {
		if named[name] {
			continue
		}
		named[name] = true
		found, ok := l.findByName(name)
		switch {
		case ok:
		case len(unknown) < maxUnknown:
			unknown = append(unknown, l.unknownName(name))
		default:
			more++
		}
		for _, w := range found {
			if !seen[w] {
				seen[w] = true
				chosen = append(chosen, w)
			}
		}
	}
	if more > 0 {
		unknown = append(unknown, fmt.Errorf("%d more names are unknown", more))
	}
	if len(unknown) > 0 {
		return nil, errors.Join(unknown...)
	}
	return chosen, nil
}

// chooseStaying is chooseWorkers for a request that wants workers to run. It
// leaves out a worker that is being removed, unless the request names its GUID:
// the answer then says so.
func (l *loop) chooseStaying(names []string) ([]*worker, error) {
	chosen, err := l.chooseWorkers(names)
	named := map[string]bool{}
	for _, name := range names {
		named[name] = true
	}
	return slices.DeleteFunc(chosen, func(w *worker) bool { return w.removing && !named[w.guid] }), err
}

// findByName resolves one name; false = unknown.
func (l *loop) findByName(name string) ([]*worker, bool) {
	if name == "all" {
		return l.order, true
	}
	if p := l.pools[name]; p != nil {
		return p.workers, true
	}
	if w := l.workers[name]; w != nil {
		return []*worker{w}, true
	}
	var found []*worker
	known := false
	for _, g := range l.plan.Groups {
		if g.Name != strings.TrimSuffix(name, ":*") {
			continue
		}
		known = true
		for _, program := range g.Programs {
			if p := l.pools[program]; p != nil {
				found = append(found, p.workers...)
			}
		}
	}
	return found, known
}
