package plan

import (
	"regexp"
	"slices"
	"sync"

	"initiator/proactor"
)

// moduleName matches a module inside a package, as `python3 -m` takes it. A name
// without a dot could be any word, and needs a [worker:NAME] of its own.
var moduleName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$`) })

// settleModules makes a worker definition of each section that is named after a
// module, as turberfield's Initiator launches them. The definition has no
// replicas: a worker is started only when a request names the module. It takes no
// tasks unless the section has the key protocol. The initiator reads only the keys
// in moduleKeys; the other keys are passed to the worker.
func (d *draft) settleModules() {
	for _, s := range d.cfg.Sections() {
		if !moduleName().MatchString(s.Name) || d.plan.Sections[s.Name] == nil || d.plan.runsModule(s.Name) {
			continue
		}
		section := "worker:" + s.Name
		spec := Spec{Name: s.Name, File: s.File, Line: s.Line, Limits: Limits{Umask: -1}}
		readSection(d, section, "worker", workerKeys, &spec) // there is no such section: the defaults
		spec.Module, spec.Replicas, spec.Protocol = s.Name, 0, "none"
		given := map[string]bool{"module": true, "protocol": true}
		for _, r := range workerKeys {
			if k, ok := d.cfg.FindKey(s.Name, r.Name); ok && slices.Contains(moduleKeys, r.Name) {
				given[r.Name] = true
				readKey(d, s.Name, r, k, &spec)
			}
		}
		d.given[section] = given
		d.plan.Workers = append(d.plan.Workers, spec)
	}
}

// moduleKeys are the keys of a module's section that the initiator reads.
// listen_addr is not among them: turberfield's files usually say 0.0.0.0, and the
// initiator decides where a worker listens.
var moduleKeys = []string{"interpreter", "directory", "protocol", "ready"}

// runsModule reports whether a worker definition runs the module, or has its
// name.
func (p *Plan) runsModule(module string) bool {
	_, ok := p.FindSpecOrModule(module)
	return ok
}

// FindSpecOrModule finds a worker definition by its own name or by the module that
// it runs.
func (p *Plan) FindSpecOrModule(module string) (*Spec, bool) {
	if s, ok := p.FindSpec(module); ok {
		return s, true
	}
	for i := range p.Workers {
		if p.Workers[i].Module == module {
			return &p.Workers[i], true
		}
	}
	return nil, false
}

// ownSettings reads the initiator's settings from the section that its guid
// names, over the settings of [initiator]. turberfield's files have them there.
// The other keys of that section are ignored.
func (d *draft) ownSettings() {
	if d.env.GUID == "" {
		return
	}
	if d.cfg.Section(d.env.GUID) == nil {
		d.faults = append(d.faults, proactor.Fault{
			File: d.plan.File, Problem: "there is no section [" + d.env.GUID + "], which --guid names", Remedy: "write one, or leave --guid out",
		})
		return
	}
	for _, r := range initiatorKeys {
		if k, ok := d.cfg.FindKey(d.env.GUID, r.Name); ok {
			d.given["initiator"][r.Name] = true
			readKey(d, d.env.GUID, r, k, &d.plan.Settings)
		}
	}
	if d.env.Port > 0 {
		d.plan.Settings.ListenPort = d.env.Port
	}
}

// WorkerEntries returns the configuration that one worker sees: [DEFAULT], the
// section of its module, [worker:NAME], [config:NAME], the section named by its
// guid, and the values of w. A later source replaces the keys of an earlier one.
// [WorkerStdin] writes the same entries, and a running worker can ask for them.
func (p *Plan) WorkerEntries(s *Spec, w WorkerIdentity) []Entry {
	return trimEntries(overlayEntries(p.Defaults, p.ownEntries(s, w)))
}

func (p *Plan) ownEntries(s *Spec, w WorkerIdentity) []Entry {
	return overlayEntries(overlayEntries(s.Config, p.Sections[w.GUID]), w.identityEntries(s))
}
