package report

// Changes is what a reload would do, or did.
type Changes struct {
	Workers []Change `json:"workers"`
	// Settings are keys of [initiator] that differ; they take effect when
	// the initiator starts again.
	Settings []string `json:"settings,omitempty"`
	// Schedules are the schedules that are new, gone or changed.
	Schedules []string `json:"schedules,omitempty"`
}

// Action is what a reload does with the workers of one spec.
type Action string

const (
	// ActionKeep leaves the processes alone. Keys may still name keys that
	// differ and take effect without a restart, such as replicas.
	ActionKeep Action = "keep"
	// ActionStart starts the workers of a new spec.
	ActionStart Action = "start"
	// ActionStop stops the workers of a spec that is gone.
	ActionStop Action = "stop"
	// ActionRestart replaces processes that were started with other values.
	ActionRestart Action = "restart"
)

// Change is what a reload does with one spec. Specs are compared by name: a
// worker that is renamed is stopped, and a new one is started.
type Change struct {
	Name   string `json:"name"`
	Action Action `json:"action"`
	// Keys are the keys that differ, sorted. A key of [config:NAME] or [DEFAULT]
	// that only the worker itself reads is given as "config.KEY" or "DEFAULT.KEY".
	Keys []string `json:"keys,omitempty"`
	// Stop says how a stop ends a worker of the spec; see DescribeStop. Only the
	// verb plan sets it.
	Stop string `json:"stop,omitempty"`
}

// HasEffect reports whether a reload does anything about the spec.
func (c Change) HasEffect() bool { return c.Action != ActionKeep || len(c.Keys) > 0 }
