package plan

import (
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
	if s.IsSupervisord() {
		return loadSupervisord(s.path, s.supervisord, s.env)
	}
	p := s.loader.makePlan(s.cfg, s.path)
	if err := s.loader.faults.Err(); err != nil {
		return nil, err
	}
	p.Warnings = append(s.loader.warnings, p.Warnings...)
	return p, nil
}
