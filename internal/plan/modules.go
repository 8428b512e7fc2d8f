package plan

import (
	"regexp"
	"slices"

	"initiator/proactor"
)

// moduleName is a module inside a package, as `python3 -m` takes it. One
// without a dot could be any word, and needs a [worker:NAME] of its own.
var moduleName = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$`)

// settleModules makes a worker definition of each section that is named by a
// module, as turberfield's Initiator launches them: of no replicas, so that one
// is started only when somebody asks for it by that name, and spoken to by
// nobody unless the section says `protocol`. Only a few of its keys are ours;
// the others are what the worker is told.
func (d *draft) settleModules() {
	for _, s := range d.cfg.Sections() {
		if !moduleName.MatchString(s.Name) || d.plan.Sections[s.Name] == nil || d.plan.uses(s.Name) {
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

// moduleKeys are the keys of a module's section that we read as well. The
// listen_addr of one is not among them: turberfield's are 0.0.0.0 as a rule,
// and a worker is told where to listen.
var moduleKeys = []string{"interpreter", "directory", "protocol", "ready"}

// uses says whether a worker definition runs a module, or has its name.
func (p *Plan) uses(module string) bool {
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
// names, over those of [initiator]: that is where turberfield's are. Its other
// keys are none of ours.
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

// WorkerEntries are what one worker sees of its configuration: [DEFAULT], the section
// of its module, [worker:NAME], [config:NAME], the section named by its guid,
// and what w says, each over the one before. Stdin shows them, and a worker
// that lives can ask for them again.
func (p *Plan) WorkerEntries(s *Spec, w WorkerIdentity) []Entry {
	return trimmed(overlaid(p.Defaults, p.own(s, w)))
}

func (p *Plan) own(s *Spec, w WorkerIdentity) []Entry {
	return overlaid(overlaid(s.Config, p.Sections[w.GUID]), w.entries(s))
}
