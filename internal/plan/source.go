package plan

import (
	"slices"

	"initiator/internal/supervisord"
	"initiator/proactor"
)

// Source is an INI that has been read and parsed, with its includes. No plan is
// built yet: a command that looks for a running initiator needs only StateDir.
type Source struct {
	path        string
	env         Env
	supervisord []byte // the content of a file that is written for supervisord; else nil
	loader      loader
	cfg         *proactor.Config

	draft      *draft      // once the plan was built
	conversion *conversion // the same for a file that is written for supervisord
}

// Read reads the file at path. The error says that the file cannot be read;
// faults in it are reported by Plan.
func Read(path string, env Env) (*Source, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	s := &Source{path: path, env: env, loader: loader{env: env, seen: map[string]bool{}}}
	if supervisord.IsConfig(data) {
		s.supervisord = data
	} else {
		s.loader.loadFile(path, data)
	}
	s.cfg, err = proactor.MergeConfigs(s.loader.configs...)
	s.loader.faults = append(s.loader.faults, faultsOf(err)...)
	return s, nil
}

// IsSupervisord reports whether the file is written for supervisord, whose
// users know supervisorctl's commands and output.
func (s *Source) IsSupervisord() bool { return s.supervisord != nil }

// StateDir returns the absolute path of the state directory. Faults elsewhere
// in the file do not matter: a file that was damaged after the start must not
// hide the initiator that it started.
func (s *Source) StateDir() string {
	d := newDraft(s.cfg, s.path, s.env)
	readSection(d, "initiator", "initiator", initiatorKeys, &d.plan.Settings)
	return d.absolutePath(d.plan.Settings.StateDir)
}

// Plan builds the plan. The error is [proactor.Faults], with the faults of all
// files. Plan may be called once.
func (s *Source) Plan() (*Plan, error) {
	p, err := s.Inspect()
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Inspect builds the plan as Plan does. With faults it also returns what was
// understood, for further checks: keys with a fault have their defaults, see HasFault.
// It returns nil when not even the sections are certain. It may be called once, in
// place of Plan.
func (s *Source) Inspect() (p *Plan, err error) {
	if s.IsSupervisord() {
		s.conversion, err = loadSupervisord(s.path, s.supervisord, s.env)
		if err != nil {
			return nil, err
		}
		return s.conversion.plan, nil
	}
	s.draft = s.loader.makePlan(s.cfg, s.path)
	if err = s.loader.faults.Err(); err != nil && !s.draft.settled {
		return nil, err
	}
	return s.draft.plan, err
}

// HasFault reports whether one of the keys of a worker of the plan has a fault, so that
// its value is a default.
func (s *Source) HasFault(w *Spec, keys ...string) bool {
	return s.draft != nil && slices.ContainsFunc(keys, func(key string) bool { return s.draft.faulty["worker:"+w.Name][key] })
}

// FaultAt returns a fault of a worker of the plan, at the line of a key.
func (s *Source) FaultAt(w *Spec, key, problem, remedy string) proactor.Fault {
	if s.conversion != nil {
		return s.conversion.faultAt(w, key, problem, remedy)
	}
	return s.draft.faultAt("worker:"+w.Name, key, problem, remedy)
}
