package plan

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"initiator/proactor"
)

// MakePlan turns a document into a plan. The error is [proactor.Faults] with
// everything that is wrong, and then there is no plan. Path is the file that the
// document came from; relative paths in it are relative to its directory.
// MakePlan reads no file: only [Load] reads the files that [include] and env_file
// name.
func MakePlan(cfg *proactor.Config, path string, env Env) (*Plan, error) {
	d := newDraft(cfg, path, env)
	d.readSections()
	d.settleAndCheck(nil)
	if err := d.faults.Err(); err != nil {
		return nil, err
	}
	return d.plan, nil
}

// settleAndCheck fills in what depends on several keys, and looks for contradictions.
// It does so also when there are faults, so that all are reported at once. Before are
// the faults of the lines themselves. A section that could not be understood as a whole
// makes the names of all sections uncertain, and then nothing is settled. It reports
// whether it has settled the plan.
func (d *draft) settleAndCheck(before proactor.Faults) bool {
	if slices.ContainsFunc(before, func(f proactor.Fault) bool { return f.Key == "" }) {
		return false
	}
	d.noteFaults(before)
	d.noteFaults(d.faults)
	d.settlePlan()
	d.checkPlan()
	return true
}

// noteFaults notes the sections and keys that have a fault.
func (d *draft) noteFaults(faults proactor.Faults) {
	for _, f := range faults {
		if d.faulty[f.Section] == nil {
			d.faulty[f.Section] = map[string]bool{}
		}
		d.faulty[f.Section][f.Key] = true
	}
}

// isFaulty reports whether a section, as it was read, has a fault. Its contradictions
// may be consequences of that fault, and are not reported.
func (d *draft) isFaulty(section string) bool { return len(d.faulty[section]) > 0 }

// draft is a plan that is being made.
type draft struct {
	cfg      *proactor.Config // with references resolved as anywhere
	commands *proactor.Config // the same for command lines: Self is selfMark
	env      Env
	plan     *Plan
	given    map[string]map[string]bool // by section: the keys that are not defaults
	faults   proactor.Faults
	settled  bool                       // settleAndCheck has settled the plan
	faulty   map[string]map[string]bool // by section: the keys with a fault; "" = the section itself

	secretVariables map[string]bool // the environment variables that secret keys name
	resolvesSecret  bool            // the key whose value is being resolved is secret
}

func newDraft(cfg *proactor.Config, path string, env Env) *draft {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil { // no working directory any more: stay relative
		dir = filepath.Dir(path)
	}
	d := &draft{
		env:             env,
		plan:            &Plan{File: path, Dir: dir, Sections: map[string][]Entry{}},
		given:           map[string]map[string]bool{},
		faulty:          map[string]map[string]bool{},
		secretVariables: map[string]bool{},
	}
	d.cfg, d.commands = d.withReferences(cfg, env.Self), d.withReferences(cfg, selfMark)
	return d
}

// readSections fills the plan with the values of the file and with the defaults
// that depend on no other key.
func (d *draft) readSections() {
	readSection(d, "initiator", "initiator", initiatorKeys, &d.plan.Settings)
	d.ownSettings()
	for _, s := range d.cfg.Sections() {
		kind, name, named := strings.Cut(s.Name, ":")
		switch {
		case named && kind == "worker":
			d.readWorker(s, name)
		case named && kind == "group":
			d.readGroup(s, name)
		case named && kind == "schedule":
			d.readSchedule(s, name)
		case named && kind == "config":
			d.readConfigSection(s, name)
		case s.Name == "include":
			readSection(d, s.Name, "include", includeKeys, &include{})
		case s.Name != "initiator":
			d.otherSection(s)
		}
	}
	d.readDefaults()
}

func (d *draft) readWorker(s *proactor.Section, name string) {
	d.checkName(s, name)
	spec := Spec{Name: name, File: s.File, Line: s.Line, Limits: Limits{Umask: -1}}
	readSection(d, s.Name, "worker", workerKeys, &spec)
	spec.Config = d.ownEntries(s.Name)
	d.plan.Workers = append(d.plan.Workers, spec)
}

func (d *draft) readGroup(s *proactor.Section, name string) {
	d.checkName(s, name)
	g := Group{Name: name}
	readSection(d, s.Name, "group", groupKeys, &g)
	d.plan.Groups = append(d.plan.Groups, g)
}

// readConfigSection checks the user's own section of a worker; settle lays it over the
// worker's entries once all workers are known.
func (d *draft) readConfigSection(s *proactor.Section, name string) {
	d.checkName(s, name)
	d.ownEntries(s.Name)
}

// readDefaults keeps the entries of [DEFAULT]. An entry that only sections can
// resolve, such as ${name}.log, is left to the sections and is not a fault.
func (d *draft) readDefaults() {
	for _, k := range d.cfg.Section(proactor.DefaultSection).Keys {
		value, err := d.resolveValue(d.cfg, proactor.DefaultSection, k.Name)
		if err != nil && d.resolvesNowhere(k.Name) {
			d.faults = append(d.faults, faultsOf(err)...)
		}
		if err == nil && !isSecret(k.Name) {
			d.plan.Defaults = append(d.plan.Defaults, Entry{Key: k.Name, Value: value, Valued: k.Valued})
		}
	}
}

func (d *draft) resolvesNowhere(key string) bool {
	return !slices.ContainsFunc(d.cfg.Sections(), func(s *proactor.Section) bool {
		_, ok, err := d.cfg.Get(s.Name, key)
		return ok && err == nil
	})
}

// ownEntries resolves the entries of a section for a worker: its own keys, and
// the inherited keys whose value differs in this section. Secrets are left out.
func (d *draft) ownEntries(section string) []Entry {
	var own []Entry
	has := map[string]bool{}
	for _, k := range d.cfg.Section(section).Keys {
		has[k.Name] = true
		value, err := d.resolveValue(d.cfg, section, k.Name)
		d.faults = append(d.faults, faultsOf(err)...)
		if !isSecret(k.Name) {
			own = append(own, Entry{Key: k.Name, Value: value, Valued: k.Valued})
		}
	}
	for _, k := range d.cfg.Section(proactor.DefaultSection).Keys {
		if has[k.Name] || isSecret(k.Name) {
			continue
		}
		here, _, err := d.cfg.Get(section, k.Name)
		there, _, errThere := d.cfg.Get(proactor.DefaultSection, k.Name)
		if err == nil && (errThere != nil || here != there) {
			own = append(own, Entry{Key: k.Name, Value: here, Valued: k.Valued})
		}
	}
	return own
}

// faultsOf is what a failed Get reports, nothing for nil.
func faultsOf(err error) proactor.Faults {
	var faults proactor.Faults
	errors.As(err, &faults)
	return faults
}
