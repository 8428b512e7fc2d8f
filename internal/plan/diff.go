package plan

import (
	"reflect"
	"slices"
)

// Action is what a reload does with the workers of one spec.
type Action string

const (
	// ActionKeep leaves the processes alone. Keys may still name what differs:
	// then it takes effect without a restart, as replicas and restart_limit do.
	ActionKeep Action = "keep"
	// ActionStart: the spec is new.
	ActionStart Action = "start"
	// ActionStop: the spec is gone.
	ActionStop Action = "stop"
	// ActionRestart: the processes were started with values that no longer hold.
	ActionRestart Action = "restart"
)

// Change is what becomes of one spec. Changes go by name: a worker that is
// renamed is stopped, and another started.
type Change struct {
	Name   string `json:"name"`
	Action Action `json:"action"`
	// Keys are those that differ, sorted; a key of [config:NAME] or [DEFAULT]
	// that only the worker itself reads is given as "config.KEY" or "DEFAULT.KEY".
	Keys []string `json:"keys,omitempty"`
}

// HasEffect says whether a reload does anything about the spec.
func (c Change) HasEffect() bool { return c.Action != ActionKeep || len(c.Keys) > 0 }

// DiffPlans compares two plans, spec by spec: those of next in their order, then
// those that only old has. A nil old means that nothing runs.
func DiffPlans(old, next *Plan) []Change {
	if old == nil {
		old = &Plan{}
	}
	var changes []Change
	for i := range next.Workers {
		spec := &next.Workers[i]
		before, known := old.FindSpec(spec.Name)
		if !known {
			changes = append(changes, Change{Name: spec.Name, Action: ActionStart})
			continue
		}
		changes = append(changes, compare(old, before, next, spec))
	}
	for _, spec := range old.Workers {
		if _, known := next.FindSpec(spec.Name); !known {
			changes = append(changes, Change{Name: spec.Name, Action: ActionStop})
		}
	}
	return changes
}

// DiffSettings returns the keys of [initiator] that differ, sorted. They take
// effect when the initiator itself starts again.
func DiffSettings(old, next *Plan) []string {
	keys, _ := differing(initiatorKeys, &old.Settings, &next.Settings)
	return keys
}

func compare(old *Plan, before *Spec, next *Plan, after *Spec) Change {
	keys, restart := differing(workerKeys, before, after)
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
	c := Change{Name: after.Name, Action: ActionKeep, Keys: keys}
	if restart {
		c.Action = ActionRestart
	}
	return c
}

// differing compares two sections key by key of their table, which knows what
// takes effect without a restart.
func differing[S any](rows []row[S], a, b *S) (keys []string, restart bool) {
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

// effectiveDir is where the processes run: the directory of the file counts
// when the spec names none.
func (s *Spec) effectiveDir(p *Plan) string {
	if s.Directory != "" {
		return s.Directory
	}
	return p.Dir
}

// userEntries are the entries on stdin that no key of the table has decided.
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
	before := byKey(a)
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

func byKey(entries []Entry) map[string]Entry {
	all := make(map[string]Entry, len(entries))
	for _, e := range entries {
		all[e.Key] = e
	}
	return all
}
