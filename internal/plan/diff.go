package plan

import (
	"reflect"
	"slices"

	"initiator/initiator/report"
)

// DiffPlans compares two plans. It returns a change for each spec of next, in its
// order, and then for each spec that only old has. A nil old means that nothing
// runs.
func DiffPlans(old, next *Plan) []report.Change {
	if old == nil {
		old = &Plan{}
	}
	var changes []report.Change
	for i := range next.Workers {
		spec := &next.Workers[i]
		before, known := old.FindSpec(spec.Name)
		if !known {
			changes = append(changes, report.Change{Name: spec.Name, Action: report.ActionStart})
			continue
		}
		changes = append(changes, compareSpec(old, before, next, spec))
	}
	for _, spec := range old.Workers {
		if _, known := next.FindSpec(spec.Name); !known {
			changes = append(changes, report.Change{Name: spec.Name, Action: report.ActionStop})
		}
	}
	return changes
}

// DiffSettings returns the keys of [initiator] that differ, sorted. They take
// effect when the initiator itself starts again. A key that only gives workers a
// default is left out: DiffPlans shows it at the workers.
func DiffSettings(old, next *Plan) []string {
	keys, _ := differingKeys(initiatorKeys, &old.Settings, &next.Settings)
	return slices.DeleteFunc(keys, func(name string) bool {
		return slices.ContainsFunc(initiatorKeys, func(r row[Settings]) bool { return r.Name == name && r.live })
	})
}

func compareSpec(old *Plan, before *Spec, next *Plan, after *Spec) report.Change {
	keys, restart := differingKeys(workerKeys, before, after)
	if before.effectiveDir(old) != after.effectiveDir(next) && !slices.Contains(keys, "directory") {
		keys, restart = append(keys, "directory"), true
	}
	if after.Contract { // otherwise it is given no configuration to differ in
		own := differingEntries("config.", before.userEntries(), after.userEntries())
		shared := differingEntries("DEFAULT.", old.Defaults, next.Defaults)
		keys = slices.Concat(keys, own, shared)
		restart = restart || len(own)+len(shared) > 0
	}
	slices.Sort(keys)
	c := report.Change{Name: after.Name, Action: report.ActionKeep, Keys: keys}
	if restart {
		c.Action = report.ActionRestart
	}
	return c
}

// differingKeys compares two sections with their key table, which knows the keys
// that take effect without a restart.
func differingKeys[S any](rows []row[S], a, b *S) (keys []string, restart bool) {
	for _, r := range rows {
		if r.aliasOf != "" || reflect.DeepEqual(r.get(a), r.get(b)) {
			continue
		}
		keys = append(keys, r.Name)
		restart = restart || !r.live
	}
	slices.Sort(keys)
	return keys, restart
}

// effectiveDir returns the directory in which the processes run: the spec's, or
// the directory of the file.
func (s *Spec) effectiveDir(p *Plan) string {
	if s.Directory != "" {
		return s.Directory
	}
	return p.Dir
}

// userEntries returns the entries on stdin whose keys are not in the key table.
func (s *Spec) userEntries() []Entry {
	var own []Entry
	for _, e := range s.Config {
		if !slices.ContainsFunc(workerKeys, func(r row[Spec]) bool { return r.Name == e.Key }) {
			own = append(own, e)
		}
	}
	return own
}

func differingEntries(prefix string, a, b []Entry) []string {
	var keys []string
	before := entriesByKey(a)
	for _, e := range b {
		if old, there := before[e.Key]; !there || old != e {
			keys = append(keys, prefix+e.Key)
		}
		delete(before, e.Key)
	}
	for gone := range before {
		keys = append(keys, prefix+gone)
	}
	return keys
}

func entriesByKey(entries []Entry) map[string]Entry {
	all := make(map[string]Entry, len(entries))
	for _, e := range entries {
		all[e.Key] = e
	}
	return all
}
