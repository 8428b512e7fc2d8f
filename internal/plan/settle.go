package plan

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// settle fills in what depends on other keys. It runs only on sections
// without faults.
func (d *draft) settle() {
	d.settleSettings()
	d.settleModules()
	for i := range d.plan.Workers {
		d.settleWorker(&d.plan.Workers[i])
	}
	d.settleGroups()
}

func (d *draft) settleSettings() {
	s := &d.plan.Settings
	s.StateDir = d.abs(s.StateDir)
	if s.LogFile == "-" {
		s.LogFile = ""
	}
	if s.LogFile != "" {
		s.LogFile = d.abs(s.LogFile)
	}
	if s.ChildPortMax == maxPort+1 { // as turberfield writes an exclusive end
		s.ChildPortMax = maxPort
		d.warn("initiator", "child_port_max", "65536 is no port; 65535 is used")
	}
	if s.Insecure {
		d.warn("initiator", "insecure", "listening beyond loopback without TLS is allowed")
	}
}

func (d *draft) settleWorker(s *Spec) {
	section := "worker:" + s.Name
	for _, argv := range [][]string{s.Command, s.Exec, s.Interpreter, s.StopCommand, s.BeforeStart, s.Probe.Command} {
		for i, word := range argv {
			argv[i] = strings.ReplaceAll(word, selfMark, d.env.Self)
		}
	}
	if !s.Contract && !d.has(section, "protocol") {
		s.Protocol = "none"
	}
	if s.Protocol == "none" && !d.has(section, "ready") {
		s.Ready = Ready{Kind: "alive"}
	}
	if s.Ready.Kind == "alive" && !d.has(section, "startsecs") {
		s.StartSecs = time.Second
	}
	if d.builtIn(s) && s.Contract && !d.has(section, "socket") {
		s.Socket = "inherit"
	}
	if s.Directory != "" {
		s.Directory = d.abs(s.Directory)
	}
	if s.EnvFile != "" {
		s.EnvFile = d.abs(s.EnvFile)
	}
	s.Stdout.Path = d.logPath(s.Stdout.Path, "stdout")
	s.Stderr.Path = d.logPath(s.Stderr.Path, "stderr")
	s.Config = d.overlay(s)
}

// builtIn says whether the process is this program again, which takes a
// socket that it inherits.
func (d *draft) builtIn(s *Spec) bool {
	if s.Exec != nil {
		return true
	}
	return len(s.Command) > 1 && s.Command[0] == d.env.Self && s.Command[1] == "job"
}

// logPath places a log. An automatic one is named by the worker's place in its
// pool, not by its guid: the next run then goes on with the same files, where
// guids would leave a new set behind each time.
func (d *draft) logPath(path, stream string) string {
	switch {
	case strings.EqualFold(path, "auto"):
		return filepath.Join(d.plan.Settings.StateDir, "logs", "{name}.{index}."+stream+".log")
	case strings.EqualFold(path, "none"):
		return ""
	case path == "-":
		return path
	}
	return d.abs(path)
}

func (d *draft) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(d.plan.Dir, path)
}

// overlay lays the entries of [worker:NAME] over those of the module's section,
// and [config:NAME] over both.
func (d *draft) overlay(s *Spec) []Entry {
	s.Config = overlaid(d.plan.Sections[s.Module], s.Config)
	section := "config:" + s.Name
	if d.cfg.Section(section) == nil {
		return s.Config
	}
	return overlaid(s.Config, d.ownEntries(section))
}

// overlaid returns the entries with those of over in place of the ones of the
// same key, or after them.
func overlaid(entries, over []Entry) []Entry {
	all := slices.Clone(entries)
	at := make(map[string]int, len(all))
	for i, e := range all {
		at[e.Key] = i
	}
	for _, e := range over {
		if i, there := at[e.Key]; there {
			all[i] = e
			continue
		}
		at[e.Key] = len(all)
		all = append(all, e)
	}
	return all
}

// settleGroups makes the two ways of saying it agree: `group` in a worker and
// `programs` in a group. A group that only workers name has all defaults.
func (d *draft) settleGroups() {
	for i := range d.plan.Workers {
		s := &d.plan.Workers[i]
		if s.Group == "" {
			continue
		}
		g := d.groupNamed(s.Group)
		if !slices.Contains(g.Programs, s.Name) {
			g.Programs = append(g.Programs, s.Name)
		}
	}
	for _, g := range d.plan.Groups {
		for _, name := range g.Programs {
			if s, ok := d.plan.FindSpec(name); ok && s.Group == "" {
				s.Group = g.Name
			}
		}
	}
	d.plan.rank()
}

// rank gives each spec the priority of its group.
func (p *Plan) rank() {
	of := map[string]int{}
	for _, g := range p.Groups {
		of[g.Name] = g.Priority
	}
	for i := range p.Workers {
		s := &p.Workers[i]
		s.GroupPriority = s.Priority
		if priority, grouped := of[s.Group]; grouped {
			s.GroupPriority = priority
		}
	}
}

func (d *draft) groupNamed(name string) *Group {
	for i := range d.plan.Groups {
		if d.plan.Groups[i].Name == name {
			return &d.plan.Groups[i]
		}
	}
	d.plan.Groups = append(d.plan.Groups, Group{Name: name, Priority: 999, Strategy: OneForOne})
	return &d.plan.Groups[len(d.plan.Groups)-1]
}

func (d *draft) warn(section, key, problem string) {
	before := len(d.faults)
	d.faultAt(section, key, problem, "")
	d.plan.Warnings = append(d.plan.Warnings, d.faults[before].Error())
	d.faults = d.faults[:before]
}
